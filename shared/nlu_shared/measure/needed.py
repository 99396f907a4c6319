"""How much more of the same evidence would settle a comparison that is not settled yet."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np

from nlu_shared.measure.f1 import Counts, Floats
from nlu_shared.measure.non_inferiority import error_of, variances_of

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


def groups_ruling_out(
    gains: Sequence[float],
    strata: Sequence[str],
    pulls: Sequence[float],
    *,
    margin: float,
    alpha: float,
    seed: int,
    most: int = MOST,
) -> int | None:
    """The fewest further groups after which a loss of the margin would be ruled out 8 times out of
    10, as far as bisection finds them. None where more than `most` would be needed.

    Drawn as in `groups_needed`, from the groups seen; the tests of non-inferiority are made on the
    whole: the groups' own gains (see `non_inferiority.moved`; less half of one group's, as the
    normal form of steps takes) and the objective, by its jackknife error.

    gains: by how much each group scores higher after than before, -1 to 1; at least one.
    strata: of each group.
    pulls: what each contributes to the gain of the objective (see `pulls`).
    margin: the loss to be ruled out, above 0.
    alpha: two-sided.
    seed: of the simulation.
    most: where the search ends.
    """
    _, of = np.unique(np.asarray(strata), return_inverse=True)
    kinds, counts = np.unique(
        np.column_stack([of, gains, pulls]).astype(np.float64), axis=0, return_counts=True
    )
    own, gain, pull = kinds.T
    within = (own[:, None] == np.arange(own.max() + 1)).astype(np.float64)
    passing = NormalDist().inv_cdf(1 - alpha / 2)

    def ruled_out(more: int) -> bool:
        chance = np.random.Generator(np.random.PCG64([seed, more]))
        drawn = counts + chance.multinomial(more, chance.dirichlet(counts, size=_SIMULATED))
        groups = drawn.sum(axis=1)
        sizes = drawn @ within
        sums, squares = (drawn @ (within * one[:, None]) for one in (gain, gain**2))
        error = error_of(sizes, variances_of(sizes, sums, squares), margin=margin)
        pulled = drawn @ pull / groups
        spread = np.sqrt(np.maximum(drawn @ pull**2 / groups - pulled**2, 0) / groups)
        corrected = (sums / sizes).mean(axis=1) - HALF_A_GROUP / groups
        cases = corrected + margin > passing * error
        held = cases & (pulled + margin > passing * spread)
        return bool(held.mean() >= POWER)

    if not ruled_out(most):
        return None
    return 1 + bisect_left(range(1, most), True, key=ruled_out)


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
