"""Records every prediction, its outcome and corrections; turns approved ones into ground truth."""

VERSION = "0.3.0"
