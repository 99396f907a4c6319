"""Which of two prompts is better. No model, no chance: an order on what was measured."""

from typing import NamedTuple

from nlu_shared.schemas.prompts import PromptContent

from induction.engine.evaluate import CaseBook
from induction.tasks.base import Task


class Standing(NamedTuple):
    """Ordered: highest validation score, then highest training score, then fewest tokens."""

    validation: float
    train: float
    brevity: int


def standing(
    task: Task, content: PromptContent, *, validation: CaseBook, train: CaseBook
) -> Standing:
    return Standing(
        validation.scored(task).objective, train.scored(task).objective, -content.tokens
    )


def reason(candidate: Standing, best: Standing) -> str:
    """Why the candidate does not replace the best; only meant where it ranks no higher."""
    if candidate.validation < best.validation:
        return f"validation falls from {best.validation:.4f} to {candidate.validation:.4f}"
    if candidate.train < best.train:
        return "validation stays the same and training falls"
    return "validation and training stay the same, and it is no shorter"
