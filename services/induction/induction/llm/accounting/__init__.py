"""Calls booked before they are sent and settled after: entries, budget, flights."""
