"""Who hears of a run's end: channels, and reports on their way. Their contents are `reports`'."""
