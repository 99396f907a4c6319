"""What a session of labelling is worth."""
