"""Whether a score has fallen by more than a margin, where few cases have moved at all.

A bootstrap draws from what was seen: where no case of a rare label was lost, it is sure that none
ever is. So a claim of non-inferiority takes a second look at the cases' own scores, with a standard
error that is never below what it would be if the margin were lost after all.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nlu_shared.measure.f1 import Floats


class Moved(NamedTuple):
    """The mean of the strata's mean gains, and its standard error under the margin."""

    gain: float
    error: float

    def rules_out(self, margin: float, alpha: float) -> bool:
        """Whether a loss of the margin or more is ruled out; `alpha` is two-sided."""
        return self.gain + margin > NormalDist().inv_cdf(1 - alpha / 2) * self.error


def moved(gains: ArrayLike, strata: Sequence[str], *, margin: float) -> Moved:
    """Each stratum counts alike, as the labels do in macro-F1.

    The error is that of score tests for paired proportions (T. Tango, Statistics in Medicine 17
    (1998) 891-908), which take the variance under the null hypothesis: with no case moved, 188
    cases rule out 2 points, as the exact test does. Here that is done for the worst place to lose
    the margin in: one stratum alone, else all alike. Scores between 0 and 1 vary less than right
    and wrong ones.

    gains: of each group of cases, after less before, -1 to 1.
    strata: of each group.
    margin: the loss to be ruled out, above 0.
    """
    of_stratum: dict[str, list[float]] = defaultdict(list)
    for gain, stratum in zip(np.asarray(gains, dtype=np.float64).tolist(), strata, strict=True):
        of_stratum[stratum].append(gain)
    sizes = np.array([len(own) for own in of_stratum.values()], dtype=np.float64)
    variances = np.array([_variance(own) for own in of_stratum.values()])
    gain = 1 / len(of_stratum) * sum(float(np.mean(own)) for own in of_stratum.values())
    return Moved(gain, float(error_of(sizes, variances, margin=margin)))


def error_of(sizes: Floats, variances: Floats, *, margin: float) -> Floats:
    """The error of `moved`, shape (...).

    sizes: groups of each stratum, shape (..., strata).
    variances: of their gains, of the same shape.
    margin: the loss to be ruled out, above 0.
    """
    share = 1 / np.shape(sizes)[-1]
    observed = share**2 * variances / sizes
    alone, alike = (
        share**2 * lost * (1 - lost) / sizes for lost in (min(1.0, margin / share), margin)
    )
    # By how much the variance of one stratum may be above what was seen, at most.
    more = np.maximum(0.0, (alone - observed).max(axis=-1))
    variance = np.maximum(observed.sum(axis=-1) + more, alike.sum(axis=-1))
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which of several hypotheses fall, with a chance of `alpha` that any falls wrongly (S. Holm,
    Scandinavian Journal of Statistics 6 (1979) 65-70)."""
    fallen = [False] * len(p_values)
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda one: p_values[one])):
        if p_values[at] > alpha / (len(p_values) - rank):
            break
        fallen[at] = True
    return fallen


def _variance(values: Sequence[float]) -> float:
    return float(np.var(values, ddof=1)) if len(values) > 1 else 0.0
