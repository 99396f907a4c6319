"""Where versions came from, and the changes that failed."""
