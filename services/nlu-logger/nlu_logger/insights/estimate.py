"""Scores of all traffic from the part that people looked at: weights, values, intervals.

Reviewers see the hard cases first, so the plain share of right answers among reviewed cases is too
low. Each case of the audit carries the probability with which it was drawn, and counts for
1 / probability cases (Horvitz and Thompson, JASA 47 (1952) 663-685), divided by the sum of those
weights (Hájek, 1971). Pure sums; no I/O, no chance.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

MINIMUM = 30
"""Audited cases below which a score is not told: the interval would span a third of the scale."""
Z_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Cell:
    """`count` cases of one truth and one prediction, each drawn with `probability` (0, 1]."""

    truth: str
    predicted: str
    count: int
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Estimated:
    """A score 0 to 1 with its 95 % interval.

    `n` is how many cases it rests on, `effective_n` how many equally weighted ones would say as
    much (Kish, Survey Sampling, 1965).
    """

    value: float
    low: float
    high: float
    n: int
    effective_n: float


def accuracy(cells: Iterable[Cell]) -> Estimated | None:
    """The share of traffic that was answered right; None without cases."""
    kept = _kept(cells)
    if not kept:
        return None
    total = _weight(kept)
    value = _weight([one for one in kept if one.truth == one.predicted]) / total
    return _estimated(value, kept, lambda one: ((one.truth == one.predicted) - value) / total)


def macro_f1(cells: Iterable[Cell]) -> Estimated | None:
    """The mean F1 of the labels that occur as truth; None without cases.

    A predicted label that is nowhere the truth is a miss for the truth and no label of its own. A
    label that no reviewed case has is not in the mean.
    """
    kept = _kept(cells)
    if not kept:
        return None
    claimed: dict[str, float] = defaultdict(float)
    hits = dict.fromkeys((one.truth for one in kept), 0.0)
    for one in kept:
        weight = one.count / one.probability
        claimed[one.truth] += weight
        claimed[one.predicted] += weight
        hits[one.truth] += weight * (one.truth == one.predicted)
    f1 = {label: 2 * hits[label] / claimed[label] for label in hits}

    def pull(one: Cell) -> float:
        """How far a unit of weight of this case moves the mean: its derivative."""
        hit = 2 * (one.truth == one.predicted)
        moved = (hit - f1[one.truth]) / claimed[one.truth]
        if one.predicted in f1:
            moved -= f1[one.predicted] / claimed[one.predicted]
        return moved / len(f1)

    return _estimated(math.fsum(f1.values()) / len(f1), kept, pull)


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % score interval of a share of `n` cases (E. B. Wilson, JASA 22 (1927) 209-212)."""
    if n <= 0:
        return 0.0, 1.0
    square = Z_95 * Z_95
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z_95 / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def _estimated(value: float, cells: Sequence[Cell], pull: Callable[[Cell], float]) -> Estimated:
    """The interval of Wilson, at the number of cases that would vary as much as this score does.

    The variance is Taylor's (Woodruff, JASA 66 (1971) 411-414); a score of 0 or 1 varies not at
    all by it, and is given Kish's number (Korn and Graubard, Survey Methodology 24 (1998) 193-201).
    """
    value = min(1.0, max(0.0, value))
    n = sum(one.count for one in cells)
    square_sum = math.fsum(one.count / one.probability**2 for one in cells)
    effective_n = min(float(n), _weight(cells) ** 2 / square_sum)
    variance = math.fsum(one.count * (pull(one) / one.probability) ** 2 for one in cells)
    variance *= n / max(1, n - 1)
    likened = value * (1 - value) / variance if variance > 0 else effective_n
    low, high = wilson(value, min(likened, effective_n))
    return Estimated(value, low, high, n, effective_n)


def _kept(cells: Iterable[Cell]) -> list[Cell]:
    return [one for one in cells if one.count]


def _weight(cells: Iterable[Cell]) -> float:
    return math.fsum(one.count / one.probability for one in cells)
