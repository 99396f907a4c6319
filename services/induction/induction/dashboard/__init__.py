"""The dashboard: what every task's prompt is worth, runs as they happen, versions to compare."""
