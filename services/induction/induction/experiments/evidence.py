"""What counted outcomes say about an experiment. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import exp
from typing import NamedTuple

import numpy as np
from nlu_shared.schemas.experiments import (
    Arm,
    ArmOutcomes,
    ExperimentEvidence,
    Guard,
    GuardEvidence,
)

from induction.experiments import betting
from induction.experiments.betting import Floats
from induction.experiments.policy import NEEDED

FEWEST = 30
"""Ended predictions before production's success rate is known."""
UNKNOWN = 0.5
MOST = 700.0
"""The exponent at which a wealth is as great as a number may be."""


class UnitCount(NamedTuple):
    """Settled units that were answered alike."""

    share: float
    arm: Arm
    intent: str
    units: int
    ended: int
    successes: int


def centre(successes: int, ended: int) -> float:
    """What outcomes are measured from: production's rate. A poor one costs evidence alone."""
    return successes / ended if ended >= FEWEST else UNKNOWN


def evidence(
    counted: Sequence[UnitCount],
    *,
    centre: float,
    guards: Sequence[Guard],
    centres: Mapping[str, float],
    looked_at: datetime,
    settled_until: datetime,
) -> ExperimentEvidence:
    """Of all units that have settled under shares that compare.

    A guard sees the units that were answered with its intent, by either version. Where b gives
    that answer more often or less, it does not mistake it for a loss: outcomes count from
    production's own rate at the intent, `centres`.
    """
    shares = sorted({one.share for one in counted})
    cells, arms = _cells(counted, shares), _arms(counted)
    return ExperimentEvidence(
        looked_at=looked_at,
        settled_until=settled_until,
        arms=arms,
        difference=difference(arms),
        better=_wealth(betting.better(cells, shares, centre)) if shares else 1.0,
        worse=_wealth(betting.worse(cells, shares, centre)) if shares else 1.0,
        unbalanced=_wealth(betting.unbalanced(cells, shares)) if shares else 1.0,
        needed=NEEDED,
        guards=[
            _guarded(
                [one for one in counted if one.intent == guard.intent],
                guard,
                centre=centres.get(guard.intent, centre),
                needed=NEEDED * len(guards),
            )
            for guard in guards
        ],
    )


def difference(arms: Sequence[ArmOutcomes]) -> float | None:
    """The success rate of b less that of a under the same share; of several shares the mean,
    weighted by their units. None where no share has units of both: nothing is compared."""
    by_share: dict[float, dict[Arm, ArmOutcomes]] = defaultdict(dict)
    for one in arms:
        if one.units:
            by_share[one.share][one.arm] = one
    both = [(by[Arm.A], by[Arm.B]) for by in by_share.values() if len(by) == len(Arm)]
    weights = [a.units + b.units for a, b in both]
    gains = [b.successes / b.units - a.successes / a.units for a, b in both]
    return float(np.average(gains, weights=weights)) if both else None


def _guarded(
    counted: Sequence[UnitCount], guard: Guard, *, centre: float, needed: float
) -> GuardEvidence:
    shares = sorted({one.share for one in counted})
    cells = _cells(counted, shares)
    worse = betting.worse(cells, shares, centre, margin=guard.margin) if shares else np.float64(0)
    return GuardEvidence(
        intent=guard.intent,
        margin=guard.margin,
        units=int(cells.sum()),
        worse=_wealth(worse),
        needed=needed,
    )


def _cells(counted: Iterable[UnitCount], shares: Sequence[float]) -> Floats:
    cells = np.zeros((len(shares), 2, 2))
    for one in counted:
        at = shares.index(one.share), int(one.arm is Arm.B)
        cells[at] += (one.units - one.successes, one.successes)
    return cells


def _arms(counted: Iterable[UnitCount]) -> list[ArmOutcomes]:
    totals: dict[tuple[float, Arm], list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in counted:
        sums = totals[one.share, one.arm]
        for at, count in enumerate((one.units, one.ended, one.successes)):
            sums[at] += count
    return [
        ArmOutcomes(share=share, arm=arm, units=units, ended=ended, successes=successes)
        for (share, arm), (units, ended, successes) in sorted(totals.items())
    ]


def _wealth(logarithm: np.float64 | Floats) -> float:
    return exp(min(float(logarithm), MOST))
