"""Label sets: what the truths of a task may be, as everything that takes a truth reads it."""
