"""The tasks as rows: what can be optimised, with labels and models."""
