"""Message Batches: sent once, found again after a crash, settled call by call."""
