"""Who may come in, and what was changed by whom."""
