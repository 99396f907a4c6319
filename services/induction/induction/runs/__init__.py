"""Runs: rows with a status, a fence and a lease; driven by workers, followed by browsers."""
