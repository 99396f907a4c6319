"""How far the traffic of now is from that of before, and how far chance alone would take it.

Pure sums over counts by name (an intent, a bucket of confidence); both periods are arguments.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from statistics import NormalDist

SMOOTHING = 0.5
"""Added to each count, so that a name that is new, or gone, has a finite part."""
MINIMUM = 100
"""Predictions in either period below which nothing is told."""
SURE = NormalDist().inv_cdf(0.999)

Counts = Mapping[str, int]
Moment = datetime


def stability_index(window: Counts, reference: Counts) -> float:
    """The population stability index, Σ (p − q) ln (p ÷ q) over the names of both.

    0 is no change. N. Siddiqi, Credit Risk Scorecards (2006), with smoothed shares.
    """
    names = window.keys() | reference.keys()
    p, q = _shares(window, names), _shares(reference, names)
    return math.fsum((p[name] - q[name]) * math.log(p[name] / q[name]) for name in names)


def moved_most(window: Counts, reference: Counts) -> str | None:
    """The name with the largest term of the stability index; None where there are no names."""
    names = window.keys() | reference.keys()
    p, q = _shares(window, names), _shares(reference, names)
    terms = {name: (p[name] - q[name]) * math.log(p[name] / q[name]) for name in names}
    return max(sorted(terms), key=terms.__getitem__, default=None)


def divergence(window: Counts, reference: Counts) -> float:
    """The Jensen-Shannon divergence in nats, 0 (no change) to ln 2, with smoothed shares.

    J. Lin, IEEE Transactions on Information Theory 37 (1991) 145-151.
    """
    names = window.keys() | reference.keys()
    p, q = _shares(window, names), _shares(reference, names)
    middle = {name: (p[name] + q[name]) / 2 for name in names}
    return max(0.0, (_relative(p, middle) + _relative(q, middle)) / 2)


def chance(window: Counts, reference: Counts) -> float:
    """What the index stays below in 999 of 1,000 windows that did not change; infinite for none.

    Without change it is (1/n + 1/m) times a χ² of one less than the names' number (B. Yurdakul,
    Statistical Properties of Population Stability Index, 2018); its quantile is Wilson's and
    Hilferty's (1931). The divergence is an eighth of the index where both are small.
    """
    n, m = sum(window.values()), sum(reference.values())
    freedom = len(window.keys() | reference.keys()) - 1
    if not n or not m:
        return math.inf
    if not freedom:
        return 0.0
    spread = 2 / (9 * freedom)
    return (1 / n + 1 / m) * freedom * (1 - spread + SURE * math.sqrt(spread)) ** 3


def against_before(
    counts: Mapping[Moment, Counts], moments: Sequence[Moment], span: timedelta
) -> list[tuple[Moment, Counts, Counts]]:
    """Each of `moments`, oldest first, with its counts and with those of the `span` before it."""
    compared: list[tuple[Moment, Counts, Counts]] = []
    before: Counter[str] = Counter()
    times = sorted(counts)
    first = past = 0
    for moment in moments:
        while past < len(times) and times[past] < moment:
            before.update(counts[times[past]])
            past += 1
        while first < past and times[first] < moment - span:
            before.subtract(counts[times[first]])
            first += 1
        compared.append((moment, counts.get(moment, {}), +before))
    return compared


def _relative(p: Mapping[str, float], q: Mapping[str, float]) -> float:
    return math.fsum(p[name] * math.log(p[name] / q[name]) for name in p)


def _shares(counts: Counts, names: Set[str]) -> dict[str, float]:
    total = sum(counts.values()) + SMOOTHING * len(names)
    return {name: (counts.get(name, 0) + SMOOTHING) / total for name in names}
