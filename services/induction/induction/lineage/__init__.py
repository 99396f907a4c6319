"""Where each version of a prompt comes from: its parent, the run and the change that made it."""
