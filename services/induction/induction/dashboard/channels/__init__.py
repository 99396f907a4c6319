"""Who hears of the end of a run."""
