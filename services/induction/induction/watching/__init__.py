"""A run as a person watches it on a terminal: its events as lines, its verdict as a panel."""
