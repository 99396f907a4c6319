"""How long predictions are kept."""
