"""Whether a new model does what an old one does: measured, adapted to, and compared."""
