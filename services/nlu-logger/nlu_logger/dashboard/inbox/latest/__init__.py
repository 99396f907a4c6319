"""What was done last, and its undoing."""
