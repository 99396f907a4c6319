"""Privacy: what nlu-logger has erased is forgotten here too, and what still quotes it is listed."""
