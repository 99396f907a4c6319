"""Cases: ground truth read from nlu-logger, frozen as hashed snapshots, each case in its split."""
