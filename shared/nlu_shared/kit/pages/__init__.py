"""Pages for people: one look, one way to log in, for every service."""
