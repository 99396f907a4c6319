"""The inbox: one item after the other, labelled, decided, skipped, and taken back."""
