"""What no plan of an experiment may be."""

from collections.abc import Collection, Sequence

from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.experiments import ExperimentIn, Guard


def require_rising(plan: ExperimentIn) -> None:
    """Raises Invalid."""
    if sorted(set(plan.shares)) != list(plan.shares) or plan.shares[0] == 1:
        raise Invalid("Each share is larger than the one before, and the first smaller than 1.")
    if len({one.intent for one in plan.guards}) < len(plan.guards):
        raise Invalid("An intent has one guard.")


def require_answered(guards: Sequence[Guard], answered: Collection[str]) -> None:
    """A guard of what is never answered would guard nothing, and say so to nobody. Raises
    Invalid."""
    for number, guard in enumerate(guards, start=1):
        if guard.intent not in answered:
            raise Invalid(f"Guard {number} is of an intent that the task never answers.")
