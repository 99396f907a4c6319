"""What became of every change: a run's iterations, what failed, where a prompt comes from."""
