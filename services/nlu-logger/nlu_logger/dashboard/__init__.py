"""The dashboard: what production says of itself, and the desk of the reviewers, as pages."""
