"""Telling somebody, and reaching no machine that only we can reach."""
