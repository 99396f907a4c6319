"""The registry: every version of every prompt, its scores, its lineage, and which one serves."""
