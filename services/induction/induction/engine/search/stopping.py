"""When a search has done its work."""

from dataclasses import dataclass, field

PATIENCE = 3
LEAST_GAIN = 0.01
REJECTIONS = 8
PERFECT = 1.0
ITERATIONS_USED_UP = "iterations used up"


@dataclass(slots=True)
class Progress:
    """How a search went so far. An iteration is a candidate evaluated on validation.

    best: the best score there.
    gains: by how much each iteration raised it, 0 for a rejected candidate.
    vetoes: iterations whose candidate nobody let in: they say nothing of what can be gained.
    rejections: changes refused in a row before validation, at the gate or on the way to it.
    proposals: changes the proposer was asked for.
    unusable: those of them of which there was none, or none that could be applied.
    """

    best: float = 0.0
    gains: list[float] = field(default_factory=list)
    vetoes: int = 0
    rejections: int = 0
    proposals: int = 0
    unusable: int = 0

    @property
    def iterations(self) -> int:
        return len(self.gains) + self.vetoes

    def refused(self) -> None:
        self.rejections += 1

    def vetoed(self) -> None:
        self.vetoes += 1
        self.rejections = 0

    def evaluated(self, best: float) -> None:
        """`best` is the best validation score after this iteration."""
        self.gains.append(best - self.best)
        self.best = best
        self.rejections = 0


def ended(progress: Progress, reason: str) -> str:
    """Why a search ended, and that nothing could be made of what was proposed, where that is so."""
    if not progress.proposals or progress.unusable < progress.proposals:
        return reason
    return f"{reason}; no usable change was proposed, in {progress.proposals} attempts"


def reason_to_stop(
    progress: Progress, *, max_iterations: int, mistakes: int, unknown: int = 0
) -> str | None:
    """Why the search ends now, or None.

    progress: so far.
    max_iterations: of the search.
    mistakes: those left on the training cases that were asked.
    unknown: training cases that were not.
    """
    if progress.best >= PERFECT:
        return "perfect score"
    if not mistakes:
        of = f" on the training cases asked ({unknown} were not)" if unknown else ""
        return f"no mistakes left to learn from{of}"
    if progress.iterations >= max_iterations:
        return ITERATIONS_USED_UP
    if progress.rejections >= REJECTIONS:
        return f"{REJECTIONS} changes in a row were rejected before validation"
    recent = progress.gains[-PATIENCE:]
    # A hair of slack: 0.51 - 0.5 is below 0.01 in floating point.
    if len(recent) == PATIENCE and sum(recent) < LEAST_GAIN - 1e-9:
        return f"plateau: {PATIENCE} iterations gained less than {LEAST_GAIN} together"
    return None
