"""Exports: training rows, review files and contrastive pairs, as files other programs read."""
