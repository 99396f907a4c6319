"""Predictions found by what they hold."""
