"""What all runs have cost, by what one likes to know it by, and where the month is heading."""
