"""A worker on one run: its lease, what it answers the engine, what it writes down."""
