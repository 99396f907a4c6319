"""One prediction: all that became of it, and what a reviewer makes of it there."""
