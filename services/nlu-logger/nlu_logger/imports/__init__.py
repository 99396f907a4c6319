"""What people bring in: filled review files, labelled cases, and the history of another table."""
