"""The retraining cycle end to end, small enough for a laptop without a graphics card."""
