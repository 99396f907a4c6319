"""Predictions found by what they hold, and one of them with all that became of it."""
