"""Which of two prompts is better. No model, no chance: an order on what was measured."""

from typing import NamedTuple

from nlu_shared.schemas.prompts import PromptContent

from induction.engine import guards, unanswered
from induction.engine.evaluate import CaseBook
from induction.engine.paired import measured
from induction.engine.plan import Plan


class Standing(NamedTuple):
    """Ordered: highest validation score, then highest training score, then fewest tokens.

    `aimed` is the validation score of what the search tries to raise: the focused component, and
    without one the objective itself.
    """

    aimed: float
    validation: float
    train: float
    brevity: int


def standing(
    plan: Plan, content: PromptContent, *, validation: CaseBook, train: CaseBook
) -> Standing:
    score = validation.scored(plan.task).objective
    aimed = score if plan.focused is None else measured(plan.task, plan.focused.f1, validation)
    return Standing(aimed, score, train.scored(plan.task).objective, -content.tokens)


def objection(
    plan: Plan, candidate: Standing, best: Standing, *, baseline: CaseBook, validation: CaseBook
) -> str | None:
    """Why the candidate does not replace the best, or None. The books are on validation: the
    baseline's, and the candidate's own."""
    if unheard := unanswered.objection(baseline.entries, baseline, validation):
        return unheard
    if candidate <= best:
        return reason(candidate, best, focus=plan.focus)
    return "; ".join(guards.broken(plan, baseline, validation)) or None


def reason(candidate: Standing, best: Standing, *, focus: str | None = None) -> str:
    """Why the candidate does not replace the best; only meant where it ranks no higher."""
    if focus is not None and candidate.aimed < best.aimed:
        return f"{focus} falls from {best.aimed:.4f} to {candidate.aimed:.4f} on validation"
    if candidate.validation < best.validation:
        return f"validation falls from {best.validation:.4f} to {candidate.validation:.4f}"
    if candidate.train < best.train:
        return "validation stays the same and training falls"
    return "validation and training stay the same, and it is no shorter"
