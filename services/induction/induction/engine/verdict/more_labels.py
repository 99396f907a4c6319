"""How many labels more would settle a verdict that is not proven."""

from collections.abc import Sequence
from typing import NamedTuple

from nlu_shared.measure.needed import MOST, groups_needed

from induction.engine.data.splits import labels_until


class MoreLabels(NamedTuple):
    """`needed` labels would mostly do; or more than `beyond`; neither where nothing was gained."""

    needed: int | None = None
    beyond: int | None = None


def more_labels(
    moved: Sequence[float],
    pulls: Sequence[float],
    *,
    cases: int,
    groups: int,
    tested: int,
    kept: bool,
    alpha: float,
    seed: int,
) -> MoreLabels:
    """New labels until such a gain would be proven 8 times out of 10 (see `groups_needed`).

    moved: by how much each group that was compared scores higher.
    pulls: what each contributes to the objective's gain.
    cases: how many were compared.
    groups: there are, in all splits.
    tested: of these in the test split.
    kept: whether those compared are the test split's.
    alpha: what the next look has to pass, two-sided.
    seed: of the simulation.
    """
    if len(moved) < 2 or sum(moved) <= 0 or sum(pulls) <= 0:
        return MoreLabels()
    size = cases / len(moved)
    enough = groups_needed(moved, pulls, alpha=alpha, seed=seed, kept=kept)
    # Untouched test groups are there already; only those compared are counted by the simulation.
    new = (MOST if enough is None else enough) - (0 if kept else tested)
    needed = tested + max(1, new)
    labels = labels_until(needed, size=size, groups=groups, already=tested)
    return MoreLabels(beyond=labels) if enough is None else MoreLabels(needed=labels)
