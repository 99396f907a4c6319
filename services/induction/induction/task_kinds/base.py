"""The words engine, tasks and models share: a case, a request, an answer, a task."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from nlu_shared.measure.f1 import Counts, Floats
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.ground_truth import Context, transcript
from nlu_shared.schemas.prompts import Example, PromptContent, TaskKind
from nlu_shared.schemas.tasks import Unanswerable
from pydantic import JsonValue


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


def framed(text: str, context: Context | None) -> str:
    """A case as a model is asked about it: JSON, so that nothing said in it ends its frame."""
    before = {} if context is None else context.model_dump(mode="json", exclude_defaults=True)
    return json.dumps({**before, "text": text}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One question to a model, whole: equal requests have equal keys and one stored answer.

    `system` are the parts that stay the same from case to case (cached by the provider),
    `user` is what changes, `schema` the JSON Schema the answer must follow.
    """

    model: str
    system: tuple[str, ...]
    user: str
    schema: Mapping[str, Any]
    max_tokens: int

    @property
    def key(self) -> str:
        return digest([self.model, self.system, self.user, self.schema, self.max_tokens])


class Outcome(StrEnum):
    """How a call ended. Everything but OK is a typed failure that one case can survive."""

    OK = "ok"
    CUT = "cut"  # max_tokens reached
    REFUSED = "refused"  # the model declined
    MALFORMED = "malformed"  # not the JSON that was asked for
    UNAVAILABLE = "unavailable"  # not answered after all retries, while others were
    REJECTED = "rejected"  # the provider does not take this very request
    OVER_BUDGET = "over_budget"  # not sent, or not sent again: the reservation did not fit
    FORGOTTEN = "forgotten"  # the case was erased after the run: the answer went with it


BY_PROVIDER = frozenset({Outcome.UNAVAILABLE, Outcome.REJECTED})
"""The provider let no answer through: that says nothing about the prompt, and scores nowhere."""
BY_MODEL = frozenset({Outcome.OK, Outcome.CUT, Outcome.REFUSED, Outcome.MALFORMED})
"""The model answered, well or badly."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counts them."""

    input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """`attempts` were sent for it; `ambiguous` of them brought nothing readable back but may be
    billed all the same. `usage` is None where the provider did not say it, or nothing that can be
    believed: then the call costs its bound."""

    outcome: Outcome
    text: str = ""
    usage: Usage | None = Usage()
    attempts: int = 1
    ambiguous: int = 0


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model said about a case, or why it said nothing usable (`fault`)."""

    output: JsonValue = None
    confidence: float | None = None
    fault: str | None = None


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
    scorer: str
    """What scores are measured with, and its version: another one whenever the same answers could
    score otherwise. Scores of two scorers are never compared, and what failed by one may be tried
    again by the other."""

    def baseline(self) -> PromptContent:
        """The plain prompt a team starts with: instructions only, no examples."""

    def problems(self, prompt: PromptContent) -> list[str]:
        """Why a prompt cannot serve this task (a label is gone, …); empty when it can."""

    def request(
        self, prompt: PromptContent, text: str, *, model: str, context: Context | None = None
    ) -> ModelRequest: ...

    def parse(self, answer: ModelAnswer) -> Prediction: ...

    def example(self, case: Case) -> Example: ...

    def is_valid_output(self, output: JsonValue) -> bool:
        """Could this stand as ground truth or as an example's answer?"""

    def read(self, truth: JsonValue) -> JsonValue:
        """The truth as answers are compared with it: an alias is its label. Raises NoTruth."""

    def case_score(self, truth: JsonValue, prediction: Prediction) -> float:
        """0 to 1 for one case; 1 is right."""

    def score(self, truths: Sequence[JsonValue], predictions: Sequence[Prediction]) -> Score: ...

    def per_conversation(
        self, cases: Sequence[Case], predictions: Sequence[Prediction]
    ) -> Score | None:
        """The score of what whole conversations add up to, each of them one case of it; None where
        the task has no such sum, or no case stands in a conversation."""

    def counts(self, truths: Sequence[JsonValue], predictions: Sequence[Prediction]) -> Counts:
        """What each case adds to the score, shape (cases, components, 3); see measure.f1."""

    def counted(self, truths: Sequence[JsonValue]) -> Sequence[str]:
        """What the components of `counts` are called, in its order."""

    def objective(self, counts: Counts | Floats) -> Floats:
        """The objective of counts summed over cases, shape (..., components, 3) to (...)."""

    def component(self, name: str) -> Component | None:
        """The component of that name; None where this task has none."""

    def mistakes(self, truth: JsonValue, prediction: Prediction) -> list[Mistake]: ...

    def nearly(self, truth: JsonValue, prediction: Prediction) -> str | None:
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
