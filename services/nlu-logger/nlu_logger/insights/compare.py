"""What the difference of two versions' shares proves: interval and p-value, apart or paired.

Differences are b − a. Pure sums.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from nlu_logger.insights.drift import Counts, chance, divergence
from nlu_logger.insights.estimate import Z_95, Estimated

TRAFFIC_DIFFERS = 0.025
"""Divergence in nats: an eighth of the stability index 0.2 at which drift is held to be large."""
INDEX_PER_NAT = 8.0


@dataclass(frozen=True, slots=True)
class Difference:
    difference: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """What two versions made of the same texts, by who was right."""

    both: int = 0
    only_a: int = 0
    only_b: int = 0
    neither: int = 0

    @property
    def n(self) -> int:
        return self.both + self.only_a + self.only_b + self.neither


def apart(a: Estimated, b: Estimated) -> Difference:
    """Two samples of different traffic.

    The interval is Newcombe's of two score intervals (Statistics in Medicine 17 (1998) 873-890,
    method 10), the two-sided p-value that of the pooled z-test at the effective sizes.
    """
    gain = b.value - a.value
    low = gain - math.hypot(b.value - b.low, a.high - a.value)
    high = gain + math.hypot(b.high - b.value, a.value - a.low)
    pooled = a.value * a.effective_n + b.value * b.effective_n
    pooled /= a.effective_n + b.effective_n
    error = math.sqrt(pooled * (1 - pooled) * (1 / a.effective_n + 1 / b.effective_n))
    p_value = 2 * NormalDist().cdf(-abs(gain) / error) if error > 0 else 1.0
    return Difference(gain, max(-1.0, low), min(1.0, high), p_value)


def paired(pairs: Pairs) -> Difference | None:
    """The same texts seen by both; None without any.

    The interval is Bonett's and Price's (JEBS 37 (2012) 479-488), the p-value McNemar's exact one.
    """
    if not pairs.n:
        return None
    gain = (pairs.only_b - pairs.only_a) / pairs.n
    better, worse = (pairs.only_b + 1) / (pairs.n + 2), (pairs.only_a + 1) / (pairs.n + 2)
    middle = better - worse
    half = Z_95 * math.sqrt((better + worse - middle**2) / (pairs.n + 2))
    low, high = max(-1.0, middle - half), min(1.0, middle + half)
    return Difference(gain, min(low, gain), max(high, gain), _sign_test(pairs))


def traffic_differs(a: Counts, b: Counts) -> bool:
    """Whether two samples are too different for their scores to be set side by side."""
    apart_by = divergence(a, b)
    return apart_by > TRAFFIC_DIFFERS and apart_by > chance(a, b) / INDEX_PER_NAT


def _sign_test(pairs: Pairs) -> float:
    flips = pairs.only_a + pairs.only_b
    term = tail = 1
    for k in range(min(pairs.only_a, pairs.only_b)):
        term = term * (flips - k) // (k + 1)
        tail += term
    p_value: float = 2 * tail / 2**flips
    return min(1.0, p_value)
