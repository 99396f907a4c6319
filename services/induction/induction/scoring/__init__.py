"""The scorer on files: what `induction score` reads, sums up and shows. Pure."""
