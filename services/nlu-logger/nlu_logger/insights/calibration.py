"""Does a confidence of 0.8 mean right 8 times out of 10? Reliability bins and their mean error."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

BINS = 10
"""Of equal width over 0 to 1; the last holds 1.0 too."""


@dataclass(frozen=True, slots=True)
class Part:
    """Cases of one bin (0 to BINS - 1) that were drawn with one probability.

    `confidence` is the sum of their confidences, `right` how many were answered right.
    """

    bin: int
    count: int
    right: int
    confidence: float
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Bin:
    """`count` is of cases, `share` of the weight; the rest are weighted means."""

    low: float
    high: float
    count: int
    share: float
    confidence: float
    accuracy: float


def reliability(parts: Iterable[Part]) -> list[Bin]:
    """The bins that hold any case, in order. A case weighs 1 / probability."""
    by_bin: dict[int, list[Part]] = {}
    for part in parts:
        if part.count:
            by_bin.setdefault(part.bin, []).append(part)
    total = math.fsum(_weight(part) for some in by_bin.values() for part in some)
    return [_bin(index, some, total) for index, some in sorted(by_bin.items())]


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance of confidence and accuracy over the bins, by their share; 0 is perfect.

    Naeini, Cooper and Hauskrecht, AAAI 2015. Few cases per bin make it too large, never too small.
    """
    return math.fsum(one.share * abs(one.confidence - one.accuracy) for one in bins)


def _bin(index: int, parts: Sequence[Part], total: float) -> Bin:
    weight = math.fsum(_weight(part) for part in parts)
    return Bin(
        low=index / BINS,
        high=(index + 1) / BINS,
        count=sum(part.count for part in parts),
        share=weight / total,
        confidence=math.fsum(part.confidence / part.probability for part in parts) / weight,
        accuracy=math.fsum(part.right / part.probability for part in parts) / weight,
    )


def _weight(part: Part) -> float:
    return part.count / part.probability
