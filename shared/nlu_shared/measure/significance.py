"""What a difference between two prompts on the same cases proves, and how many cases it takes.

Every comparison is paired: both prompts answered every case. Chance comes from a seed, so that
equal inputs give equal numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import gcd, sqrt

import numpy as np

from nlu_shared.measure.f1 import Counts, Floats

RESAMPLES = 2_000
_AT_ONCE = 250
_GRID_OF_ALL = 50_000
_Z_95, _Z_POWER_80 = 1.959964, 0.841621


@dataclass(frozen=True, slots=True)
class GainEstimate:
    """A difference of an objective with its interval and its standard error.

    gain: after minus before.
    low: where the interval begins.
    high: where it ends.
    error: the standard deviation over the resamples.
    """

    gain: float
    low: float
    high: float
    error: float


def paired_bootstrap(
    before: Counts,
    after: Counts,
    objective: Callable[[Floats], Floats],
    *,
    seed: int,
    alpha: float = 0.05,
    resamples: int = RESAMPLES,
) -> GainEstimate:
    """How far the gain of `objective` would vary over other samples of as many cases.

    Cases are drawn with replacement, both prompts on the same draw (Efron and Tibshirani, An
    Introduction to the Bootstrap, 1993, ch. 13; paired for NLP by Berg-Kirkpatrick et al., EMNLP
    2012). Raises ValueError on unequal shapes or without cases.

    before: counts per case, shape (cases, labels, 3).
    after: of the same cases in the same order.
    objective: summed counts, shape (..., labels, 3), to (...).
    seed: equal seeds give equal intervals.
    alpha: half of it is left out of the interval on either side.
    resamples: how many samples are drawn.
    """
    if before.shape != after.shape or not len(before):
        raise ValueError(f"cannot pair counts of shapes {before.shape} and {after.shape}")
    cases = len(before)
    chance = np.random.Generator(np.random.PCG64(seed))
    gains = np.concatenate(
        [
            _gain(_draws(chance, cases, min(_AT_ONCE, resamples - done)), before, after, objective)
            for done in range(0, resamples, _AT_ONCE)
        ]
    )
    whole = _gain(np.ones((1, cases)), before, after, objective)[0]
    low, high = np.percentile(gains, [50 * alpha, 100 - 50 * alpha])
    return GainEstimate(float(whole), float(low), float(high), float(gains.std()))


def interval(
    counts: Counts,
    objective: Callable[[Floats], Floats],
    *,
    seed: int,
) -> tuple[float, float]:
    """How far `objective` itself would vary over other samples of as many cases, at least one, but
    for a twentieth of them; as in `paired_bootstrap`, with an equal seed over the same samples."""
    chance = np.random.Generator(np.random.PCG64(seed))
    values = np.concatenate(
        [
            objective(_total(_draws(chance, len(counts), min(_AT_ONCE, RESAMPLES - done)), counts))
            for done in range(0, RESAMPLES, _AT_ONCE)
        ]
    )
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def sign_flip_test(before: Sequence[float], after: Sequence[float]) -> float:
    """Exact two-sided p-value that the mean would move so far if each case might as well have
    moved the other way.

    Differences are taken to a thousandth, more coarsely from 50 cases on, which right and wrong
    answers do not notice. All 2^n assignments of signs are counted, by adding up
    their sums case by case. On right and wrong answers this is McNemar's exact test
    (Psychometrika 12 (1947) 153-157); on graded scores and means of repeats it also weighs how far
    a case moved (the randomisation test of paired data: Fisher, The Design of Experiments, 1935,
    section 21; Pitman, Suppl. JRSS 4 (1937) 119-130).
    """
    grid = max(10, min(1_000, _GRID_OF_ALL // max(1, len(before))))
    moved = [round(grid * (a - b)) for b, a in zip(before, after, strict=True)]
    unit = gcd(*moved) or 1
    steps = [abs(one) // unit for one in moved if one]
    reach = sum(steps)
    chances = np.zeros(2 * reach + 1)
    chances[reach] = 1.0
    for step in steps:
        chances = (np.roll(chances, step) + np.roll(chances, -step)) / 2
    observed = abs(sum(moved)) // unit
    sums = np.abs(np.arange(-reach, reach + 1))
    return min(1.0, float(chances[sums >= observed].sum()))


def expected_error(cases: int, changed: float) -> float:
    """The standard error to expect of a gain, before anything is measured: a case that changes
    moves the mean by one in so many, and at most the share `changed` of them does."""
    return sqrt(changed / cases)


def detectable_gain(error: float) -> float:
    """The smallest true gain that a test with this standard error finds 8 times out of 10."""
    return (_Z_95 + _Z_POWER_80) * error


def _draws(chance: np.random.Generator, cases: int, draws: int) -> Floats:
    """How often each case is drawn, shape (draws, cases)."""
    drawn = chance.integers(cases, size=(draws, cases)) + cases * np.arange(draws)[:, None]
    counted = np.bincount(drawn.ravel(), minlength=draws * cases)
    return counted.reshape(draws, cases).astype(np.float64)


def _gain(
    weights: Floats, before: Counts, after: Counts, objective: Callable[[Floats], Floats]
) -> Floats:
    return objective(_total(weights, after)) - objective(_total(weights, before))


def _total(weights: Floats, counts: Counts) -> Floats:
    """Counts summed over cases, each as often as it weighs, shape (draws, components, 3)."""
    flat = weights @ counts.reshape(len(counts), -1).astype(np.float64)
    return flat.reshape(len(weights), *counts.shape[1:])
