"""Whether a score has fallen by more than a margin, where few cases have moved at all.

A bootstrap draws from what was seen: where no case of a rare label was lost, it is sure that none
ever is. So a claim of non-inferiority takes a second look at the cases' own scores, with a standard
error that is never below what it would be if the margin were lost after all.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nlu_shared.measure.f1 import Floats

SURE = 5
"""Cases of a stratum from which its own variance is believed: one alone shows none at all, so with
fewer it is not taken below that of all gains."""


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
    _, of = np.unique(np.asarray(strata), return_inverse=True)
    own = np.asarray(gains, dtype=np.float64)
    within = (of[:, None] == np.arange(of.max() + 1)).astype(np.float64)
    sizes, sums, squares = within.sum(axis=0), own @ within, own**2 @ within
    variances = variances_of(sizes, sums, squares)
    return Moved(float((sums / sizes).mean()), float(error_of(sizes, variances, margin=margin)))


def least_groups(margin: float, alpha: float) -> int:
    """How many groups of cases rule the margin out where none of them moves, about: with fewer no
    answer is to be had.

    margin: the loss to be ruled out, above 0.
    alpha: two-sided.
    """
    return int(NormalDist().inv_cdf(1 - alpha / 2) ** 2 * (1 - margin) / margin)


def variances_of(sizes: Floats, sums: Floats, squares: Floats) -> Floats:
    """Of the gains of each stratum, shape (..., strata), as are all three.

    sizes: groups of each.
    sums: of their gains.
    squares: summed, of their gains.
    """
    own = _variance(sizes, sums, squares)
    pooled = _variance(*(one.sum(axis=-1, keepdims=True) for one in (sizes, sums, squares)))
    return np.where(sizes < SURE, np.maximum(own, pooled), own)


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


def _variance(sizes: Floats, sums: Floats, squares: Floats) -> Floats:
    """0 of one alone."""
    spread = np.maximum(squares - sums**2 / sizes, 0.0)
    return np.asarray(spread / np.maximum(sizes - 1, 1), dtype=np.float64)
