"""Privacy: what is dropped after its time, and what goes when one person asks."""
