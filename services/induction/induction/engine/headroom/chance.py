"""How an improve run would end, foretold from what few calls have shown. Pure; seeded.

Each way of asking has a gain nobody knows: none, or one of a broad normal prior, and what was
measured. Worlds are drawn from that, and in each the run is played: validation chooses among the
ways of asking, the search mends a little of what is left, and the test cases give a verdict by its
two conditions (see `verdict`). The chance of "proven" is the share of worlds in which it is.

The constants say what is taken for usual before anything was measured; `benchmarks.headroom` says
how well the chance keeps to what happens in simulated tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot, log2, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from induction.engine.evaluation.repeats import MOST_ANSWERS, STAGES

NOTHING = 0.5
"""The prior chance that a way of asking moves cases, and no score."""
PRIOR_GAIN, PRIOR_ERROR = 0.05, 0.15
MENDED = 0.1
"""Of the misses that are left, the share that the search mends at most, evenly drawn."""
ALIKE = 0.2
"""The correlation of what cases of one group gain."""
WORLDS = 4_000
NINE_OF_TEN = (5, 95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a way of asking did, against the baseline.

    gain: of the mean score of a case.
    error: the standard error of that.
    moved: the share of the cases whose score is another.
    """

    gain: float
    error: float
    moved: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChanceBasis:
    """What the run would stand on.

    score: mean score of a case with the baseline.
    cases: that this was measured on.
    wavering: share of the answers that are others when asked again.
    validation: cases that choose, see `worth`.
    test: cases that judge, see `worth`.
    alpha: what the verdict has to pass, two-sided.
    """

    score: float
    cases: int
    wavering: float
    validation: float
    test: float
    alpha: float


class Foretold(NamedTuple):
    """What is to be expected of a run.

    chance: of "proven".
    gain: of the mean score of a case.
    low: the gain lies above it 19 times out of 20.
    high: and below this one.
    moved: the share of cases whose score the winner moves.
    """

    chance: float
    gain: float
    low: float
    high: float
    moved: float


def foretell(evidence: Sequence[Evidence], ground: ChanceBasis, *, seed: int) -> Foretold:
    """See the module. Without evidence the search has only the baseline to start from."""
    chance = np.random.Generator(np.random.PCG64(seed))
    right = ground.score * ground.cases
    left = 1 - chance.beta(right + 1, ground.cases - right + 1, size=WORLDS)
    gains, moved = [np.zeros(WORLDS)], [0.0]
    for one in evidence:
        nothing, mean, error = _posterior(one)
        gained = np.minimum(chance.normal(mean, error, size=WORLDS), left)
        gains.append(np.where(chance.random(WORLDS) < nothing, 0.0, gained))
        moved.append(one.moved)
    shares = np.array(moved)
    noise = np.sqrt(np.maximum(shares, 1e-9) / max(1, ground.validation))[:, None]
    seen = np.stack(gains) + noise * chance.normal(size=(len(gains), WORLDS))
    seen[0] = 0.0
    chosen = seen.argmax(axis=0)
    gain = np.stack(gains)[chosen, np.arange(WORLDS)]
    mended = chance.uniform(0, MENDED, size=WORLDS) * np.maximum(0.0, left - gain)
    gain = gain + mended
    turned = shares[chosen] + mended
    proven = _is_proven(gain, turned, ground, chance)
    low, high = np.percentile(gain, NINE_OF_TEN)
    return Foretold(
        float(proven.mean()), float(gain.mean()), float(low), float(high), float(turned.mean())
    )


def worth(cases: float, groups: int) -> float:
    """So many cases that stand alone tell as much as these in their groups (the design effect: L.
    Kish, Survey Sampling, 1965, section 5.4)."""
    return cases / (1 + (cases / groups - 1) * ALIKE) if groups else 0.0


def error_on(cases: float, moved: float, wavering: float) -> float:
    """The standard error of a gain on so many cases, each asked again where the model wavers."""
    lasting = max(moved - wavering, 0.0) + min(moved, wavering) / MOST_ANSWERS
    return sqrt(max(lasting, 1e-6) / cases)


def _posterior(one: Evidence) -> tuple[float, float, float]:
    """The chance that there is no gain, given what was measured; otherwise its mean and standard
    deviation (spike and slab: Mitchell and Beauchamp, JASA 83 (1988) 1023-1032)."""
    weight = PRIOR_ERROR**2 / (PRIOR_ERROR**2 + one.error**2)
    spike = NOTHING * NormalDist(0, one.error).pdf(one.gain)
    slab = (1 - NOTHING) * NormalDist(PRIOR_GAIN, hypot(PRIOR_ERROR, one.error)).pdf(one.gain)
    nothing = spike / (spike + slab) if spike + slab else 0.0
    return nothing, PRIOR_GAIN + weight * (one.gain - PRIOR_GAIN), sqrt(weight) * one.error


def _is_proven(
    gain: np.ndarray, turned: np.ndarray, ground: ChanceBasis, chance: np.random.Generator
) -> np.ndarray:
    """Whether the interval lies above zero, and enough cases have turned for the exact test."""
    if not ground.test:
        return np.zeros(WORLDS, dtype=bool)
    lasting = np.maximum(turned - ground.wavering, 0.0)
    lasting += np.minimum(turned, ground.wavering) / MOST_ANSWERS
    error = np.sqrt(np.maximum(lasting, 1e-6) / ground.test)
    measured = gain + error * chance.normal(size=WORLDS)
    # Where the model wavers the look is taken in stages, and the last has most of its alpha.
    alpha = ground.alpha * (STAGES[-1].share if ground.wavering else 1.0)
    sure = NormalDist().inv_cdf(1 - alpha / 2)
    least = ceil(1 + log2(1 / alpha)) / ground.test
    return (measured > sure * error) & (measured >= least)
