"""Ideas that failed: changes that earlier runs refused, so that later runs do not pay for them
again."""
