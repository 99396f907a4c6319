"""What a prompt scores: evaluation, repeats, paired differences."""
