"""What to change next: error patterns, the meta-prompt, edits, many shots, memory, the leak guard."""
