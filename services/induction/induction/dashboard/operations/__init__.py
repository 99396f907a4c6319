"""What the service costs, what it works on, and how it is set."""
