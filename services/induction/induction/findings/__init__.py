"""Findings: labels that a run's answers speak against, told to nlu-logger for its reviewers."""
