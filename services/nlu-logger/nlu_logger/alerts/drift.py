"""How far the intents of now are from those of before, and how far chance alone would take them.

Pure sums over counts by intent; the window and the reference are arguments.
"""

import math
from collections.abc import Mapping
from statistics import NormalDist

SMOOTHING = 0.5
"""Added to each count, so that an intent that is new, or gone, has a finite part."""
SURE = NormalDist().inv_cdf(0.999)


def stability_index(window: Mapping[str, int], reference: Mapping[str, int]) -> float:
    """The population stability index, Σ (p − q) ln (p ÷ q) over the intents of both.

    0 is no change. N. Siddiqi, Credit Risk Scorecards (2006), with smoothed shares.
    """
    intents = window.keys() | reference.keys()
    p, q = _shares(window, intents), _shares(reference, intents)
    return sum((p[intent] - q[intent]) * math.log(p[intent] / q[intent]) for intent in intents)


def chance(window: Mapping[str, int], reference: Mapping[str, int]) -> float:
    """What the index stays below in 999 of 1,000 windows that did not change; infinite for none.

    Without change it is (1/n + 1/m) times a χ² of one less than the intents' number (B. Yurdakul,
    Statistical Properties of Population Stability Index, 2018); its quantile is Wilson's and
    Hilferty's (1931).
    """
    n, m = sum(window.values()), sum(reference.values())
    freedom = len(window.keys() | reference.keys()) - 1
    if not n or not m:
        return math.inf
    if not freedom:
        return 0.0
    spread = 2 / (9 * freedom)
    return (1 / n + 1 / m) * freedom * (1 - spread + SURE * math.sqrt(spread)) ** 3


def _shares(counts: Mapping[str, int], intents: set[str]) -> dict[str, float]:
    total = sum(counts.values()) + SMOOTHING * len(intents)
    return {intent: (counts.get(intent, 0) + SMOOTHING) / total for intent in intents}
