"""How a prompt improves. Pure: the model is an argument, nothing here reads a clock or a file."""

ENGINE_VERSION = "14"
"""Changes whenever the same plan and the same answers could lead to another event."""
