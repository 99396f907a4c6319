"""A finished run executed again from what is stored, and compared."""
