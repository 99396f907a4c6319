"""Ground truth: approved cases that outlive the predictions they came from."""
