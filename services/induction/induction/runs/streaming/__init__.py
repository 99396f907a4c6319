"""A run's events on their way to browsers and programs."""
