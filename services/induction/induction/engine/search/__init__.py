"""How a better prompt is found: steps, the gate, acceptance, stopping, pruning."""
