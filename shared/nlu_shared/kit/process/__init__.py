"""How a process lives, what it does by the clock, and what it leaves for another."""
