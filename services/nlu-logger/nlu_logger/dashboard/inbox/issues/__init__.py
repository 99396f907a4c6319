"""How many labels are in doubt, beside every queue."""
