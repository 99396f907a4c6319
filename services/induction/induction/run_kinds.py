"""What kinds of runs have in common, for whoever tells of them. Pure."""

from nlu_shared.schemas.runs import RunKind

SEEK_BETTER = frozenset({RunKind.IMPROVE, RunKind.ENSEMBLE})
"""They put another version against the one they begin with, on the same model."""
