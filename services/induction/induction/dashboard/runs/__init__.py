"""A run on its page, what its buttons do, and the runs there were."""
