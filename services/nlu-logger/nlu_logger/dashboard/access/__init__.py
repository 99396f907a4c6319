"""Keys, and the audit log of what they did."""
