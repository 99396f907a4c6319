"""Runs as they are watched over HTTP: who may open a stream, and what is sent on it."""
