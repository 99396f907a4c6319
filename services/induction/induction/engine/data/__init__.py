"""Which cases teach, which choose, which judge: groups, splits, folds."""
