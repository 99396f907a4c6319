"""The contract as snapshots, and how they are made."""
