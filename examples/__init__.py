"""Examples that run; what they need beyond the services is in the development group."""
