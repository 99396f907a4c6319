"""Making a task, changing what it is, and ordering a run of it."""
