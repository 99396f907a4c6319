"""What models cost: the rows that were put, and the whole table of the moment."""
