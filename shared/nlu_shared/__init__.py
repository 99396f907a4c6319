"""What both services speak. Schemas and sums are pure; `client` is what an NLU backend installs."""
