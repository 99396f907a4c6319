"""Records every prediction, its outcome and corrections; turns approved ones into ground truth."""
