"""How models are reached, paid for and remembered. What is asked of them is the engine's matter."""
