"""Erasing a person, and the receipt of it."""
