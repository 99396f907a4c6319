"""The models in use: configured, reachable, priced, retiring."""
