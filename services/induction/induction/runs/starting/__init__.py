"""From what somebody orders to a run that waits: its plan, its truths, its forecast."""
