"""Reviews: which predictions to look at, what people say of them, and what is decided."""
