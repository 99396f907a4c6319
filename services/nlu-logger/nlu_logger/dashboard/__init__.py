"""The dashboard: what production says of itself, and the reviewers' inbox, as pages."""
