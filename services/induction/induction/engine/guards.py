"""What must not get worse while something else gets better: guards on parts of the score.

A guard looks at validation and compares with the baseline, so that many small falls cannot add up.
Small components jump by chance: one case of ten is a tenth of the score. So a fall breaks a guard
only where what exceeds the tolerance is more than one standard error (see `paired`): two cases
lost out of ten break a guard of 0.02, one lost case does not, nor do three lost and two won.
"""

from collections.abc import Mapping, Sequence

from induction.engine.evaluate import CaseBook
from induction.engine.paired import F1, fall
from induction.engine.plan import Plan
from induction.engine.stop import LEAST_GAIN
from induction.tasks.base import Case, Component, Prediction

OBJECTIVE = "the objective"
OBJECTIVE_TOLERANCE = LEAST_GAIN
"""How far it may fall for the sake of a focused component: what is no gain is no loss."""
NOISE = 1.0
"""Standard errors."""


def broken(plan: Plan, before: CaseBook, after: CaseBook) -> list[str]:
    """Why `after` may not replace a prompt that did as `before`: one reason per broken guard."""
    reasons = []
    for name, (f1, tolerance) in _guarded(plan).items():
        seen = fall(plan.task, f1, before, after)
        if seen.size > tolerance and seen.size - NOISE * seen.error > tolerance:
            reasons.append(
                f"{name} falls from {seen.before:.4f} to {seen.after:.4f} on validation,"
                f" guarded to {tolerance:g}"
            )
    return reasons


def told(plan: Plan, validation: Sequence[Case]) -> list[str]:
    """How many validation cases carry each focused or guarded component: a few tell little."""
    named = dict.fromkeys([*([plan.focus] if plan.focus else []), *plan.guards])
    found = [one for name in named if (one := plan.task.component(name)) is not None]
    return [
        f"{_carrying(plan, one, validation)} of {len(validation)} validation cases"
        f" carry {one.name!r}, which is {_part_of(plan, one.name)}"
        for one in found
    ]


def _guarded(plan: Plan) -> Mapping[str, tuple[F1, float]]:
    guarded: dict[str, tuple[F1, float]] = {}
    if plan.focused is not None:
        guarded[OBJECTIVE] = plan.task.objective, OBJECTIVE_TOLERANCE
    for name, tolerance in plan.guards.items():
        if (component := plan.task.component(name)) is not None:
            guarded[name] = component.f1, tolerance
    return guarded


def _carrying(plan: Plan, component: Component, cases: Sequence[Case]) -> int:
    """The cases where finding everything scores the component higher than finding nothing."""
    truths = [case.truth for case in cases]
    everything = plan.task.counts(truths, [Prediction(output=truth) for truth in truths])
    nothing = plan.task.counts(truths, [Prediction(fault="nothing")] * len(truths))
    return int((component.f1(everything) > component.f1(nothing)).sum())


def _part_of(plan: Plan, name: str) -> str:
    roles = ["focused on"] if name == plan.focus else []
    roles += ["guarded"] if name in plan.guards else []
    return " and ".join(roles)
