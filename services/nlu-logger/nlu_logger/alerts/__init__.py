"""Rules over the numbers of production, and notices when one is broken."""
