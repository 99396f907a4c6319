"""A version beside others, what is proposed to serve, and what served."""
