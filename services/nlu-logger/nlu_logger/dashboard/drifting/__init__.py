"""Drift from day to day."""
