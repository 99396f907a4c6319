"""Insights: what production says of itself, as numbers with how sure they are."""
