"""Predictions: captured without loss, read back, and told how the work that followed ended."""
