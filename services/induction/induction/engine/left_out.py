"""Which cases a search is repeated without, so that what it makes can answer them unseen. Pure."""

from induction.engine.chance import shuffled
from induction.engine.groups import groups_of
from induction.engine.plan import Plan
from induction.engine.split import Parts
from induction.tasks.base import Case

LEFT_OUT = "left out"
Fold = tuple[Case, ...]


def is_due(plan: Plan, parts: Parts) -> bool:
    """Whether the procedure is judged: on request, or since nothing could be set aside."""
    wanted = plan.folds is not None or (parts.validation_is_train and not parts.test)
    return wanted and len(groups_of(judging(parts))) > 1


def folds(plan: Plan, parts: Parts) -> list[Fold]:
    """The cases that are left out together, in id order; empty where nothing is due.

    Without a number asked for, each group is a fold. With one, groups are dealt in a drawn order,
    each to the fold that has the fewest cases.
    """
    if not is_due(plan, parts):
        return []
    groups = groups_of(judging(parts))
    if plan.folds is None or plan.folds >= len(groups):
        return groups
    dealt: list[list[Case]] = [[] for _ in range(plan.folds)]
    for group in shuffled(groups, name=lambda g: g[0].id, seed=plan.seed, purpose="procedure"):
        min(dealt, key=len).extend(group)
    return [tuple(sorted(fold, key=lambda case: case.id)) for fold in dealt]


def judging(parts: Parts) -> tuple[Case, ...]:
    """All cases but those of the test part, in id order."""
    cases = {case.id: case for case in (*parts.train, *parts.validation)}
    return tuple(cases[id] for id in sorted(cases))
