"""How many more labelled cases would tell two files of predictions apart, by trying it out. Pure.

Further groups are drawn from those seen, and the tests of the comparison are made on the whole: its
bootstrap interval itself, not an error by the jackknife, which of a label with two or three cases
is far off.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from nlu_shared.measure.f1 import Counts, Floats
from nlu_shared.measure.needed import HALF_A_GROUP, MOST, POWER
from nlu_shared.measure.non_inferiority import error_of, variances_of
from numpy.typing import NDArray

SIMULATED = 100
RESAMPLES = 200
"""Of each simulated comparison: its interval is rough, and they are many."""
Drawn = NDArray[np.int64]


class GroupKinds:
    """Groups that are alike in all that the tests look at are one kind, of which there are so many.

    To those seen a group that moved as the others did and one that moved the other way are added,
    so that a gain which may be chance is not taken for certain (as in `measure.needed`).
    """

    def __init__(self, counts: tuple[Counts, Counts], gains: Floats, strata: Sequence[str]) -> None:
        _, of = np.unique(np.asarray(strata), return_inverse=True)
        before, after = (one.reshape(len(gains), -1).astype(np.float64) for one in counts)
        rows = np.column_stack([of, gains, before, after])
        kinds, many = np.unique(rows, axis=0, return_counts=True)
        moved = kinds[:, 1] != 0
        mirrored, width = kinds[moved], before.shape[1]
        mirrored = np.column_stack(
            [mirrored[:, 0], -mirrored[:, 1], mirrored[:, 2 + width :], mirrored[:, 2 : 2 + width]]
        )
        added = many[moved] / max(1, many[moved].sum())
        self.kinds = np.vstack([kinds, mirrored])
        self.start = np.concatenate([many, np.zeros(len(mirrored), dtype=np.int64)])
        self.weights = np.concatenate([many.astype(np.float64), added])
        self.weights[: len(kinds)][moved] += added
        self.gains = self.kinds[:, 1]
        self.within = (self.kinds[:, :1] == np.arange(of.max() + 1)).astype(np.float64)
        self.shape = counts[0].shape[1:]
        self.sides = self.kinds[:, 2 : 2 + width], self.kinds[:, 2 + width :]
        sizes = np.abs(self.gains[self.gains != 0])
        self.unit = sizes.min() if len(sizes) else 0.0


def groups_telling(
    counts: tuple[Counts, Counts],
    gains: Floats,
    strata: Sequence[str],
    objective: Callable[[Floats], Floats],
    *,
    margin: float,
    alpha: float,
    seed: int,
    most: int = MOST,
) -> int | None:
    """The fewest further groups after which one of the claims would be made 8 times out of 10, as
    far as bisection finds them. None where more than `most` would be needed.

    Each simulation draws with other weights of the groups seen (the Bayesian bootstrap: Rubin, Ann.
    Statist. 9 (1981) 130-134).

    counts: before and after, shape (groups, components, 3).
    gains: by how much each group scores higher after than before, -1 to 1.
    strata: of each group.
    objective: summed counts, shape (..., components, 3), to (...).
    margin: the loss that "equal" rules out; 0: nothing is called equal.
    alpha: two-sided.
    """
    seen = GroupKinds(counts, gains, strata)

    def settles(more: int) -> bool:
        chance = np.random.Generator(np.random.PCG64([seed, more]))
        drawn = seen.start + chance.multinomial(
            more, chance.dirichlet(seen.weights, size=SIMULATED)
        )
        settled = [_tells(seen, one, chance, objective, margin, alpha) for one in drawn]
        return float(np.mean(settled)) >= POWER

    if not settles(most):
        return None
    return 1 + bisect_left(range(1, most), True, key=settles)


def _tells(
    seen: GroupKinds,
    drawn: Drawn,
    chance: np.random.Generator,
    objective: Callable[[Floats], Floats],
    margin: float,
    alpha: float,
) -> bool:
    """Whether the tests of the comparison make one of its claims of these groups."""
    low, high = _interval(seen, drawn, chance, objective, alpha)
    moves, squares = float(drawn @ seen.gains), float(drawn @ seen.gains**2)
    passing = NormalDist().inv_cdf(1 - alpha / 2)
    flips = abs(moves) - seen.unit > passing * np.sqrt(squares)
    if flips and ((low > 0 and moves > 0) or (high < 0 and moves < 0)):
        return True
    return bool(margin) and low > -margin and _rules_out(seen, drawn, margin, passing)


def _interval(
    seen: GroupKinds,
    drawn: Drawn,
    chance: np.random.Generator,
    objective: Callable[[Floats], Floats],
    alpha: float,
) -> tuple[float, float]:
    groups, has_any = int(drawn.sum()), drawn > 0
    again = chance.multinomial(groups, drawn[has_any] / groups, size=RESAMPLES)
    before, after = (
        objective((again @ side[has_any]).reshape(RESAMPLES, *seen.shape)) for side in seen.sides
    )
    low, high = np.percentile(after - before, [50 * alpha, 100 - 50 * alpha])
    return float(low), float(high)


def _rules_out(seen: GroupKinds, drawn: Drawn, margin: float, passing: float) -> bool:
    """By the groups' own gains, less half of one's, as `moved` has it."""
    sizes = drawn @ seen.within
    gains = seen.gains
    sums, squares = (drawn @ (seen.within * one[:, None]) for one in (gains, gains**2))
    corrected = (sums / sizes).mean() - HALF_A_GROUP / drawn.sum()
    variances = variances_of(sizes, sums, squares)
    return bool(corrected + margin > passing * error_of(sizes, variances, margin=margin))
