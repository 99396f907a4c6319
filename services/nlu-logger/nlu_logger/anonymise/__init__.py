"""Text to text without what identifies a person, as far as rules can find it. Pure."""
