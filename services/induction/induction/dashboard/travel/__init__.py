"""Versions on their way: exported, bundled, taken from others, replayed on traffic."""
