"""What to change next: error patterns, the meta-prompt, edits, rungs, memory."""
