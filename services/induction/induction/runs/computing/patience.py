"""What becomes of a run that computes and asks nothing, so that no inbox is read. Pure."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class RunConditions:
    """What was asked of a run, by how many seconds its minutes are over (below 0: are left), how
    many events it has, what its row says of how it stands, and whether a batch of it is open."""

    cancel: bool
    pause: bool
    seconds_over: float
    events: int = 0
    reason: str | None = None
    awaits_batch: bool = False


class Patience(StrEnum):
    GO_ON = "go_on"
    CANCEL = "cancel"
    PAUSE = "pause"
    TOO_SLOW = "too_slow"


def patience(standing: RunConditions, *, computing: float, grace: float) -> Patience:
    """A run that has computed for `computing` seconds is ended or paused at once where somebody
    asks for it. Past its minutes, when no call is on its way, it has `grace` seconds to come to its
    own end: the verdict has to be computed too."""
    if standing.cancel:
        return Patience.CANCEL
    if standing.pause:
        return Patience.PAUSE
    if min(computing, standing.seconds_over) > grace:
        return Patience.TOO_SLOW
    return Patience.GO_ON


def patience_while_parked(standing: RunConditions) -> Patience:
    """A parked run computes nothing and needs no grace: past its minutes it is over, also where a
    pause was asked, since a paused run would find them used up when it resumes. Not while a batch
    is open: its answers are paid for, waiting for them counts no minutes, and the run comes to its
    own end with them."""
    if standing.cancel:
        return Patience.CANCEL
    is_over = standing.seconds_over > 0 and not standing.awaits_batch
    return Patience.TOO_SLOW if is_over else Patience.GO_ON
