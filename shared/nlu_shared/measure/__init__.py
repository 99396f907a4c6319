"""Sums: scores and what they prove. Arrays in, numbers out; no I/O, no clock, no global chance."""
