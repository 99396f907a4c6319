"""What is confused with what, and two versions beside each other."""
