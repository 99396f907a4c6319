"""What becomes of a run that computes and asks nothing, so that no inbox is read. Pure."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Standing:
    """What was asked of a run, and by how many seconds its minutes are over (below 0: are left)."""

    cancel: bool
    pause: bool
    seconds_over: float


class Patience(StrEnum):
    GO_ON = "go_on"
    CANCEL = "cancel"
    PAUSE = "pause"
    TOO_SLOW = "too_slow"


def patience(standing: Standing, *, computing: float, grace: float) -> Patience:
    """A run that has computed for `computing` seconds is ended or paused at once where somebody
    asks for it. Past its minutes it has `grace` seconds to come to its own end: the last look at
    the test split has to be computed too."""
    if standing.cancel:
        return Patience.CANCEL
    if standing.pause:
        return Patience.PAUSE
    if min(computing, standing.seconds_over) > grace:
        return Patience.TOO_SLOW
    return Patience.GO_ON
