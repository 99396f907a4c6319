"""A task's labels by HTTP: read, defined, and renamed over history."""
