"""What may be claimed in the end: the final evaluation, cross-validation, causes of misses."""
