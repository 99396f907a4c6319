"""A task as it is made, changed and shown, and the truths of it that no answer can match."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from nlu_shared.schemas.base import NO_BLANKS, Body, Label, Moment, SafeText, Schema, Slug
from nlu_shared.schemas.labels import GivenLabel, LabelSpec
from nlu_shared.schemas.objectives import Objective
from nlu_shared.schemas.promotions import PromotionRules
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.steering import Approvals

FEWEST_LABELS = 2
"""Between fewer there is nothing to choose."""
TOO_FEW_LABELS = "too_few_labels"


def _each_once(labels: tuple[LabelSpec, ...]) -> tuple[LabelSpec, ...]:
    spellings = [one for label in labels for one in (label.name, *label.aliases)]
    if len(set(spellings)) != len(spellings):
        raise PydanticCustomError("label_twice", "each name and each alias once")
    return labels


def are_enough(labels: Sequence[LabelSpec]) -> bool:
    """Whether there is something to choose between."""
    return sum(not label.retired for label in labels) >= FEWEST_LABELS


def _choosable(labels: tuple[LabelSpec, ...]) -> tuple[LabelSpec, ...]:
    if not are_enough(labels):
        raise PydanticCustomError(TOO_FEW_LABELS, "at least two labels that are not retired")
    return labels


TaskLabels = Annotated[tuple[GivenLabel, ...], Field(max_length=1_000), AfterValidator(_each_once)]
ModelName = Annotated[
    SafeText,
    StringConstraints(min_length=1, max_length=200, pattern=NO_BLANKS),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200, "pattern": NO_BLANKS}),
]
"""A model as its provider calls it: no blanks."""


PromptTokens = Annotated[int | None, Field(ge=50, le=1_000_000)]


class TaskSpec(Approvals, PromotionRules):
    """What a task is. Models are named per role; None takes the service's default."""

    slug: Slug = Field(description="names the task in paths, here and in nlu-logger")
    kind: TaskKind = Field(description="what its answers are")
    labels: tuple[LabelSpec, ...] = Field(
        default=(), description="the labels of an intent task, retired ones too"
    )
    task_model: Label | None = Field(default=None, description="answers; null: the service's")
    proposer_model: Label | None = Field(default=None, description="proposes; null: the service's")
    objective: Objective = Field(
        default=Objective(), description="what runs that do not say raise and guard"
    )
    max_prompt_tokens: PromptTokens = Field(
        default=None, description="of a prompt, where a run does not say; null: no bound"
    )
    retrieval: bool = Field(
        default=True,
        description="do runs that do not say try examples chosen for each text, from a bank, where"
        " there are cases enough? Kept by evidence alone",
    )
    batches: bool = Field(
        default=False,
        description="do runs that do not say ask large evaluations as Message Batches, where the"
        " provider takes them?",
    )


class TaskIn(Body, TaskSpec):
    """What can be optimised. Its labels are kept by nlu-logger: given here they define the set
    where there is none; left out, the set that stands is taken."""

    labels: TaskLabels = Field(default=(), description="of an intent task; left out: nlu-logger's")
    task_model: ModelName | None = Field(default=None, description="answers; null: the service's")
    proposer_model: ModelName | None = Field(
        default=None, description="proposes; null: the service's"
    )

    @field_validator("labels")
    @classmethod
    def _something_to_choose(
        cls, labels: tuple[LabelSpec, ...], info: ValidationInfo
    ) -> tuple[LabelSpec, ...]:
        is_intent = info.data.get("kind") is TaskKind.INTENT
        return _choosable(labels) if is_intent and labels else labels


class TaskChange(Body, Approvals, PromotionRules):
    """What becomes of a task; what is left out stays."""

    labels: Annotated[TaskLabels, AfterValidator(_choosable)] = Field(
        default=(),
        description="all of them, as a new version of nlu-logger's label set: a new era of scores",
    )
    task_model: ModelName | None = Field(default=None, description="answers; null: the service's")
    proposer_model: ModelName | None = Field(
        default=None, description="proposes; null: the service's"
    )
    objective: Objective = Field(
        default=Objective(), description="what runs that do not say raise and guard"
    )
    max_prompt_tokens: PromptTokens = Field(
        default=None, description="of a prompt, where a run does not say; null: no bound"
    )
    retrieval: bool = Field(
        default=False,
        description="do runs that do not say try examples chosen for each text, from a bank?",
    )
    batches: bool = Field(
        default=False,
        description="do runs that do not say ask large evaluations as Message Batches, where the"
        " provider takes them?",
    )
    archived: bool = Field(
        default=False,
        description="no run of it starts, by hand or by itself, and it is not listed; false brings"
        " it back",
    )


class TaskView(TaskSpec):
    """A task as it stands."""

    labels_version: int = Field(
        description="of nlu-logger's label set; 0: nobody has defined it there"
    )
    archived_at: Moment | None = Field(description="since when no run of it starts; null: not")
    notes: list[str] = Field(
        default=[], description="on models that were named just now: what their servers cannot do"
    )


class Unanswerable(StrEnum):
    """Why no answer can match a truth."""

    UNKNOWN_LABEL = "unknown_label"
    RETIRED_LABEL = "retired_label"
    NO_LABEL = "no_label"
    NO_EXTRACTION = "no_extraction"


class UnanswerableTruths(Schema):
    """Approved cases that a run leaves out: no answer could match their truths."""

    reason: Unanswerable = Field(
        description="the label is not in the set; it is retired; the truth is no label at all, but"
        " several, an object or blank; it is no extraction"
    )
    label: str | None = Field(default=None, description="the label, where the truth is one")
    like: tuple[str, ...] = Field(
        default=(), description="the task's labels that it nearly is: rename it, or add an alias"
    )
    cases: int = Field(description="how many there are")
    case_ids: list[UUID] = Field(description="the first of them")
