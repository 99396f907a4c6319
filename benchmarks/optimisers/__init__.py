"""Optimisers side by side: the same model, the same cases, the same number of calls."""
