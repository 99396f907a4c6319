"""Approved cases: found, read and withdrawn."""
