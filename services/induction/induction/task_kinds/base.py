"""The words engine, tasks and models share: a case, a request, an answer, a task.

Requests and answers are `nlu_shared.rendering`'s, which a backend has too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from nlu_shared.measure.f1 import Counts, Floats
from nlu_shared.rendering import (
    AnswerSpace,
    ModelAnswer,
    ModelPrediction,
    ModelRequest,
    Outcome,
    Usage,
    framed,
)
from nlu_shared.schemas.ground_truth import Context, transcript
from nlu_shared.schemas.prompts import Example, PromptContent, TaskKind
from nlu_shared.schemas.tasks import Unanswerable
from pydantic import JsonValue

__all__ = [
    "BY_MODEL",
    "BY_PROVIDER",
    "Case",
    "Component",
    "Mistake",
    "ModelAnswer",
    "ModelPrediction",
    "ModelRequest",
    "Outcome",
    "Pooled",
    "Score",
    "Task",
    "Usage",
    "framed",
]


@dataclass(frozen=True, slots=True)
class Case:
    """One approved case, and what stands before it; cases of one `group` are never split apart."""

    id: UUID
    text: str
    truth: JsonValue
    group: str
    may_quote: bool
    context: Context | None = None

    @property
    def transcript(self) -> str:
        """All that people said in it: what stands before its text, and the text."""
        return transcript(self.text, self.context)

    @property
    def known(self) -> JsonValue:
        """The items that are committed before it, in the shape of a truth; None where none are."""
        return None if self.context is None else self.context.known


BY_PROVIDER = frozenset({Outcome.UNAVAILABLE, Outcome.REJECTED, Outcome.TOO_LONG})
"""The provider let no answer through: that says nothing about the prompt, and scores nowhere."""
BY_MODEL = frozenset({Outcome.OK, Outcome.CUT, Outcome.REFUSED, Outcome.MALFORMED})
"""The model answered, well or badly."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way a prediction is wrong; mistakes of equal kind and truth are one pattern."""

    kind: str
    truth: str | None
    predicted: str | None


class NoTruth(Exception):
    """No answer can match it: why, and the label that it names, if it names one."""

    def __init__(self, reason: Unanswerable, label: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.label = label


Pooled = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Score:
    """The objective and its components, each an F1 from 0 to 1, over `cases` cases.

    `pooled` are (TP, FP, FN) of each row of counts, summed over the cases, and `support` the
    number of cases whose truth holds anything to count there; rows that hold nothing are left out.
    """

    objective: float
    components: Mapping[str, float]
    cases: int
    pooled: Mapping[str, Pooled] = field(default_factory=dict)
    support: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the score that an operator can name: to focus on it, or to guard it.

    `f1` takes counts summed over cases, shape (..., components, 3), to (...), 0 to 1. `concerns`
    says whether undoing a mistake could raise it.
    """

    name: str
    f1: Callable[[Counts | Floats], Floats]
    concerns: Callable[[Mistake], bool]


class Task(Protocol):
    """What a kind of task must know. Implementations hold no state but the task's own row."""

    kind: TaskKind
    answers: AnswerSpace
    """What its answers can be: all that rendering needs of it."""
    scorer: str
    """What scores are measured with, and its version: another one whenever the same answers could
    score otherwise. Scores of two scorers are never compared, and what failed by one may be tried
    again by the other."""
    components_in_words: str
    """What its components are, for a person who named none of them."""
    stratum_in_words: str
    """What a stratum is, for a person: "label"."""
    component_names: tuple[str, ...]
    """All that `component` knows."""

    def baseline(self) -> PromptContent:
        """The plain prompt a team starts with: instructions only, no examples."""

    def problems(self, prompt: PromptContent) -> list[str]:
        """Why a prompt cannot serve this task (a label is gone, …); empty when it can."""

    def parse(self, answer: ModelAnswer) -> ModelPrediction: ...

    def example(self, case: Case) -> Example: ...

    def is_valid_output(self, output: JsonValue) -> bool:
        """Could this stand as ground truth or as an example's answer?"""

    def read(self, truth: JsonValue) -> JsonValue:
        """The truth as answers are compared with it: an alias is its label. Raises NoTruth."""

    def case_score(self, truth: JsonValue, prediction: ModelPrediction) -> float:
        """0 to 1 for one case; 1 is right."""

    def score(
        self, truths: Sequence[JsonValue], predictions: Sequence[ModelPrediction]
    ) -> Score: ...

    def per_conversation(
        self, cases: Sequence[Case], predictions: Sequence[ModelPrediction]
    ) -> Score | None:
        """The score of what whole conversations add up to, each of them one case of it; None where
        the task has no such sum, or no case stands in a conversation."""

    def counts(self, truths: Sequence[JsonValue], predictions: Sequence[ModelPrediction]) -> Counts:
        """What each case adds to the score, shape (cases, components, 3); see measure.f1."""

    def counted(self, truths: Sequence[JsonValue]) -> Sequence[str]:
        """What the components of `counts` are called, in its order."""

    def objective(self, counts: Counts | Floats) -> Floats:
        """The objective of counts summed over cases, shape (..., components, 3) to (...)."""

    def component(self, name: str) -> Component | None:
        """The component of that name; None where this task has none."""

    def mistakes(self, truth: JsonValue, prediction: ModelPrediction) -> list[Mistake]: ...

    def nearly(self, truth: JsonValue, prediction: ModelPrediction) -> str | None:
        """The one rule of the scorer under whose relaxed form the prediction would be right; None
        where there is no such rule, or where it is right."""

    def holds(self, truth: JsonValue) -> frozenset[str]:
        """What mistakes would call that which is in this truth: the label, or its items' kinds."""

    def people(self, truth: JsonValue) -> frozenset[str]:
        """The names of the people in this truth, as it says them."""

    def stratum(self, truth: JsonValue) -> str:
        """What a split keeps in proportion: the label, or the band of entity counts."""

    def describe(self) -> dict[str, JsonValue]:
        """The task as the meta-prompt shows it: kind, and labels with descriptions."""


def equivalent(task: Task, one: ModelPrediction, other: ModelPrediction) -> bool:
    """Whether the scorer would call one right if the other were the truth."""
    if one.fault is not None or other.fault is not None:
        return one.fault == other.fault
    return not task.mistakes(one.output, other)
