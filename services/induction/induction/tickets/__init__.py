"""Tickets: what a browser opens a stream with instead of a key."""
