"""Plumbing both services use. Nothing here knows what a prediction or a prompt is."""
