"""How much more of the same evidence would settle a comparison that is not settled yet."""

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from nlu_shared.measure.f1 import Counts, Floats

Objective = Callable[[Counts | Floats], Floats]
POWER = 0.8
MOST = 2_000
HALF_A_GROUP = 0.5
"""The continuity correction of a mean over groups, times their number."""
_SIMULATED = 200


def groups_needed(
    moved: Sequence[float],
    pulls: Sequence[float],
    *,
    alpha: float,
    seed: int,
    kept: bool = True,
    most: int = MOST,
) -> int | None:
    """The fewest further groups after which a gain would be proven 8 times out of 10.

    Further groups are simulated and both tests of a verdict made on the whole: the groups' own
    moves (the sign-flip test, by its normal form with Edwards' correction, Psychometrika 13 (1948)
    185-187) and the objective (by its jackknife error). Groups are drawn from those seen, each
    simulation with other weights of them (the Bayesian bootstrap: Rubin, Ann. Statist. 9 (1981)
    130-134), so a gain that may be chance is not taken for certain; one that moved up and one that
    moved down are added, so nothing is taken for impossible. None where nothing was gained, or
    more than `most` would be needed.

    moved: by how much each group scores higher after than before; at least one.
    pulls: what each contributes to the gain of the objective (see `pulls`), in the same order.
    alpha: what the next test has to pass, two-sided.
    seed: of the simulation.
    kept: the groups seen stay part of what is tested; otherwise only new ones are.
    most: where the simulation ends.
    """
    if not moved or sum(moved) <= 0 or sum(pulls) <= 0:
        return None
    seen = np.array([moved, pulls], dtype=np.float64).T
    either = np.sqrt((seen**2).sum(axis=0) / max(1, np.count_nonzero(seen[:, 0])))
    known = np.vstack([seen, either, -either])
    unit = np.abs(seen[:, 0][seen[:, 0] != 0]).min()
    proven = np.zeros(most)
    passing = NormalDist().inv_cdf(1 - alpha / 2)
    start = seen if kept else np.zeros((0, 2))
    sizes = len(start) + np.arange(1, most + 1)
    for number in range(_SIMULATED):
        chance = np.random.Generator(np.random.PCG64([seed, number]))
        edges = np.cumsum(chance.standard_exponential(len(known)))
        at = np.searchsorted(edges, edges[-1] * chance.random(most))
        drawn = known[at.clip(max=len(known) - 1)]
        sums = start.sum(axis=0) + np.cumsum(drawn, axis=0)
        squares = (start**2).sum(axis=0) + np.cumsum(drawn**2, axis=0)
        flips = (sums[:, 0] - unit) > passing * np.sqrt(squares[:, 0])
        spread = np.maximum(squares[:, 1] - sums[:, 1] ** 2 / sizes, 0)
        proven += flips & (sums[:, 1] > passing * np.sqrt(spread)) & (sums[:, 1] > 0)
    enough = np.flatnonzero(proven >= POWER * _SIMULATED)
    return int(enough[0]) + 1 if len(enough) else None


def pulls(before: Counts, after: Counts, objective: Objective) -> Floats:
    """What each group contributes to the gain of an objective: its jackknife pseudo-value (Efron
    and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 11). Their mean is the gain, their
    spread its error. Shape (groups,), of at least two.

    before: counts per group, shape (groups, components, 3).
    after: of the same groups in the same order.
    objective: summed counts to a score.
    """
    groups = len(before)
    whole, left_out = (
        objective(counted[1]) - objective(counted[0])
        for counted in (
            (before.sum(axis=0), after.sum(axis=0)),
            (before.sum(axis=0) - before, after.sum(axis=0) - after),
        )
    )
    return np.asarray(groups * whole - (groups - 1) * left_out, dtype=np.float64)
