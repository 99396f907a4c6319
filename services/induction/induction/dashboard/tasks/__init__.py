"""Making a task, and changing what it is."""
