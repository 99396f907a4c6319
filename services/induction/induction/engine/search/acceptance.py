"""Which of two prompts is better, and what must not get worse meanwhile. No model, no chance.

A guard looks at validation and compares with the baseline, so that many small falls cannot add up.
Small components jump by chance: one case of ten is a tenth of the score. So a fall breaks a guard
only where what exceeds the tolerance is more than one standard error (see `paired`): two cases
lost out of ten break a guard of 0.02, one lost case does not, nor do three lost and two won.
"""

from collections.abc import Mapping
from typing import NamedTuple

from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.evaluation import unanswered
from induction.engine.evaluation.paired import F1, fall, measured
from induction.engine.evaluation.results import EvalResults
from induction.engine.plan import Plan
from induction.engine.search.stopping import LEAST_GAIN

OBJECTIVE = "the objective"
OBJECTIVE_TOLERANCE = LEAST_GAIN
"""How far it may fall for the sake of a focused component: what is no gain is no loss."""
NOISE = 1.0
"""Standard errors."""


class Rank(NamedTuple):
    """Ordered: highest aimed-at score, then validation, then training score, then fewest tokens.

    aimed: the validation score of the focused component; without one the objective, 0 to 1.
    validation: the objective on validation.
    train: the objective on training cases.
    brevity: the tokens of the prompt, negated.
    """

    aimed: float
    validation: float
    train: float
    brevity: int


def rank(
    plan: Plan, content: PromptContent, *, validation: EvalResults, train: EvalResults
) -> Rank:
    """Where a prompt stands among others.

    plan: names the task and its focus.
    content: the prompt.
    validation: its results there.
    train: its results there.
    """
    score = validation.scored(plan.task).objective
    aimed = score if plan.focused is None else measured(plan.task, plan.focused.f1, validation)
    return Rank(
        aimed, score, train.scored(plan.task).objective, -prompt_tokens(content, plan.task.answers)
    )


def objection(
    plan: Plan,
    candidate: Rank,
    best: Rank,
    *,
    baseline: EvalResults,
    validation: EvalResults,
    beside: int = 0,
) -> str | None:
    """Why the candidate does not replace the best, or None.

    plan: holds focus and guards.
    candidate: its rank.
    best: the rank to beat.
    baseline: the baseline's results on validation: what guards compare with.
    validation: the candidate's own.
    beside: training cases that both ranks count as validation.
    """
    if missing := unanswered.objection(baseline.by_case, baseline, validation):
        return missing
    if candidate <= best:
        return reason(candidate, best, focus=plan.focus, beside=beside)
    return "; ".join(broken_guards(plan, baseline, validation)) or None


def reason(candidate: Rank, best: Rank, *, focus: str | None = None, beside: int = 0) -> str:
    """Why the candidate does not replace the best; only meant where it ranks no higher.

    candidate: its rank.
    best: the rank to beat.
    focus: the component's name.
    beside: training cases that both ranks count as validation.
    """
    cases = f"validation with {beside} training cases" if beside else "validation"
    if focus is not None and candidate.aimed < best.aimed:
        return f"{focus} falls from {best.aimed:.4f} to {candidate.aimed:.4f} on {cases}"
    if candidate.validation < best.validation:
        return f"{cases} falls from {best.validation:.4f} to {candidate.validation:.4f}"
    if candidate.train < best.train:
        return "validation stays the same and training falls"
    return "validation and training stay the same, and it is no shorter"


def broken_guards(plan: Plan, before: EvalResults, after: EvalResults) -> list[str]:
    """Why `after` may not replace a prompt that did as `before`: one reason per broken guard."""
    reasons = []
    for name, (f1, tolerance) in _guarded(plan).items():
        change = fall(plan.task, f1, before, after)
        if change.size > tolerance and change.size - NOISE * change.error > tolerance:
            reasons.append(
                f"{name} falls from {change.before:.4f} to {change.after:.4f} on validation,"
                f" guarded to {tolerance:g}"
            )
    return reasons


def _guarded(plan: Plan) -> Mapping[str, tuple[F1, float]]:
    guarded: dict[str, tuple[F1, float]] = {}
    if plan.focused is not None:
        guarded[OBJECTIVE] = plan.task.objective, OBJECTIVE_TOLERANCE
    for name, tolerance in plan.guards.items():
        if (component := plan.task.component(name)) is not None:
            guarded[name] = component.f1, tolerance
    return guarded
