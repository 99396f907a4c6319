"""Cases that the provider let no model answer: dropped from both sides of every comparison.

Such a case has no result. It is neither right nor wrong, so evaluations are compared on
the cases they share (pairwise deletion); where too many are missing nothing is concluded, since
what a provider does not take may well be what a prompt gets wrong.
"""

from collections.abc import Sized
from uuid import UUID

from nlu_shared.rendering import prompt_tokens
from nlu_shared.schemas.prompts import PromptContent

from induction.engine.evaluation.results import EvalResults
from induction.task_kinds.base import Task

MOST_MISSING = 0.05
"""The share of cases that may be missing; one case may always be."""


def shared(*evaluations: EvalResults) -> tuple[EvalResults, ...]:
    """The evaluations on the cases that all of them hold."""
    first, *others = evaluations
    ids = [id for id in first.by_case if all(id in other.by_case for other in others)]
    return tuple(EvalResults({id: one.by_case[id] for id in ids}) for one in evaluations)


def objection(cases: Sized, *evaluations: EvalResults) -> str | None:
    """Why nothing can be concluded about these cases, or None."""
    answered = len(shared(*evaluations)[0].by_case)
    missing = len(cases) - answered
    if answered and missing <= max(1, MOST_MISSING * len(cases)):
        return None
    if not missing:
        return None
    if window := next((one.window for one in evaluations if one.window is not None), None):
        return f"the prompt is too long for the model's window of {window} tokens"
    if too_long := frozenset[UUID]().union(*(one.too_long for one in evaluations)):
        return f"the prompt is too long for the model's window, with {len(too_long)} cases tried"
    return f"the provider left {missing} of {len(cases)} cases unanswered"


def refusal(task: Task, content: PromptContent, cases: Sized, results: EvalResults) -> str | None:
    """The same of one prompt, with its size where that is the matter.

    task: that it serves.
    content: the prompt.
    cases: that it was asked.
    results: of those that were answered.
    """
    reason = objection(cases, results)
    if reason is None or not results.too_long:
        return reason
    return f"{reason}: it has about {prompt_tokens(content, task.answers)} tokens"
