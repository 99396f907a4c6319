"""How a better prompt is found: the ladder, steps, the gate, acceptance, stopping, pruning."""
