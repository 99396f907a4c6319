"""Who gets which version, and what becomes of an experiment now. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from nlu_shared.schemas.experiments import Arm, ExperimentEvidence, ExperimentIn

ALPHA = 0.05
"""Of false winners, and of false rollbacks; and of rollbacks by all guards together."""
NEEDED = 1 / ALPHA
MOVED = "production moved to another version"
"""Why an experiment is over, whatever its evidence."""
UNBALANCED = 1_000.0
"""So much evidence that units do not get what they should, and no winner is believed."""
GREATEST, LEAST = 1_000_000, 0.001
"""Evidence beyond these is told as no number."""
DOUBT = 3.0
"""So much evidence against b, and its share stays what it is."""


class Next(Enum):
    """What becomes of it."""

    GOES_ON = auto()
    STEPS_UP = auto()
    WINS = auto()
    ROLLS_BACK = auto()
    STOPS = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentState:
    """What is known besides its evidence."""

    now: datetime
    created_at: datetime
    share: float
    since: datetime
    settled: int
    """Units under the share that stands."""
    has_moved: bool
    """Has production, since it began?"""


def arm_of(experiment_id: UUID, unit: str, share: float) -> Arm:
    """Always the same of a unit and a share. A larger share only adds units to b, and two
    experiments part the units independently of each other."""
    drawn = hashlib.sha256(f"{experiment_id}:{unit}".encode()).digest()
    return Arm.B if int.from_bytes(drawn[:8]) < share * 2**64 else Arm.A


def decide(
    plan: ExperimentIn, standing: ExperimentState, evidence: ExperimentEvidence
) -> tuple[Next, str]:
    """And why, in words. What speaks against b comes before what speaks for it."""
    if standing.has_moved:
        return Next.STOPS, MOVED
    for guard in evidence.guards:
        if guard.worse >= guard.needed:
            reason = f"the guard of {guard.intent}: b loses more than {guard.margin:g} there"
            return Next.ROLLS_BACK, reason
    if evidence.worse >= evidence.needed:
        return Next.ROLLS_BACK, f"b succeeds less often: {_odds(evidence.worse)}"
    if evidence.better >= evidence.needed and not is_unbalanced(evidence):
        return Next.WINS, f"b succeeds more often: {_odds(evidence.better)}"
    if standing.now - standing.created_at >= timedelta(days=plan.most_days):
        return Next.STOPS, f"{plan.most_days:g} days without a decision"
    return _ramp(plan, standing, evidence)


def _odds(evidence: float) -> str:
    return f"the evidence is {strength(evidence)} to one, where {NEEDED:g} to one decide"


def strength(evidence: float) -> str:
    """For people: thousands parted, without digits that say nothing."""
    if evidence >= GREATEST:
        return f"more than {GREATEST:,}"
    if evidence >= 1_000:
        return f"{float(f'{evidence:.2g}'):,.0f}"
    return f"{evidence:.3g}" if evidence >= LEAST else f"less than {LEAST:g}"


def _ramp(
    plan: ExperimentIn, standing: ExperimentState, evidence: ExperimentEvidence
) -> tuple[Next, str]:
    if next_share(plan.shares, standing.share) is None:
        return Next.GOES_ON, "no larger share is left before a win"
    if standing.now - standing.since < timedelta(hours=plan.step_hours):
        return Next.GOES_ON, "the share is younger than step_hours"
    if standing.settled < plan.step_units:
        return Next.GOES_ON, "fewer than step_units have settled under the share"
    if max(evidence.worse, *(one.worse for one in evidence.guards), 0) >= DOUBT:
        return Next.GOES_ON, "some evidence speaks against b"
    return Next.STEPS_UP, f"{standing.settled} units settled, nothing speaks against b"


def next_share(shares: Sequence[float], share: float) -> float | None:
    """The next that compares both versions; None where there is none."""
    return next((one for one in shares if share < one < 1), None)


def is_unbalanced(evidence: ExperimentEvidence) -> bool:
    """Whether units do not get the versions they should: then no winner is believed."""
    return evidence.unbalanced >= UNBALANCED
