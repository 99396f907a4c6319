"""What the prompts of a run answered to one of its cases. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nlu_shared.rendering import render_parts, rendered
from nlu_shared.rendering.answers import ModelAnswer
from nlu_shared.schemas.prompts import PromptContent
from pydantic import JsonValue

from induction.engine.data.folds import Folds, out_of_fold
from induction.task_kinds.base import Case, Task


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt put to the case; `n` is of the change that made it, None of the baseline. `turn` is
    whether that change fixed or broke the case; None: neither."""

    n: int | None
    version_id: UUID
    version_hash: str
    outcome: str | None
    turn: bool | None
    key: str


@dataclass(frozen=True, slots=True)
class QuestionAnswer:
    """What came back: `output`, or why it was of no use (`fault`). None of either where the run has
    not put this question, or its answer is no longer kept."""

    question: Question
    output: JsonValue = None
    fault: str | None = None
    is_right: bool = False


def key_of(task: Task, model: str, prompt: PromptContent, case: Case, folds: Folds) -> str:
    """By which the ledger knows the question: a training case is asked without the examples of its
    own fold."""
    if case.id in folds:
        prompt = out_of_fold(prompt, folds[case.id], folds)
    return render_parts(rendered(prompt, task.answers), case.text, case.context, model=model).key


def answered(
    task: Task, case: Case, questions: Sequence[Question], answers: Mapping[str, ModelAnswer]
) -> list[QuestionAnswer]:
    """In the order of the questions; `answers` by their keys."""
    return [_answered(task, case, one, answers.get(one.key)) for one in questions]


def _answered(
    task: Task, case: Case, question: Question, answer: ModelAnswer | None
) -> QuestionAnswer:
    if answer is None:
        return QuestionAnswer(question)
    prediction = task.parse(answer)
    is_right = prediction.fault is None and task.case_score(case.truth, prediction) == 1
    return QuestionAnswer(question, prediction.output, prediction.fault, is_right)
