"""What a prompt may repeat of the cases, and how a repetition is known through disguises."""
