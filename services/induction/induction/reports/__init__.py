"""The evidence of a run as a page that travels with its prompt. Rows stay in `runs`, `history`."""
