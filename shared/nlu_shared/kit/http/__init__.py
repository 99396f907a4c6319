"""The frame around an API and what its routes ask for."""
