"""What a backend logs: predictions and how the work that followed ended."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from nlu_shared.schemas.base import (
    Fraction,
    Label,
    Moment,
    Note,
    SafeJson,
    Schema,
    Slug,
    Utterance,
    Uuid7,
)

INTENT = "intent"
"""The task a prediction belongs to unless it names another."""
BATCH_LIMIT = 1_000


class SecondaryIntent(Schema):
    intent: Label
    confidence: Fraction


class PredictionIn(Schema):
    """One prediction as posted; `id` is the idempotency key and carries the time."""

    id: Uuid7 | None = None
    user_id: UUID | None = None
    task: Slug = INTENT
    prompt: Utterance
    predicted_intent: Label
    confidence: Fraction
    secondary_intents: Annotated[list[SecondaryIntent], Field(max_length=100)] = []
    output: SafeJson = None
    conversation_id: UUID | None = None
    message_index: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    model_version: Label | None = None
    prompt_version: Label | None = None
    latency_ms: Annotated[float, Field(ge=0, le=86_400_000)] | None = None


class Logged(Schema):
    log_id: UUID


class BatchResult(Schema):
    """What became of one item of a batch; `index` counts from 0 in the order sent."""

    index: int
    status: Literal[200, 201, 403, 409, 422]
    log_id: UUID | None = None
    code: str | None = None
    detail: str | None = None


class BatchAnswer(Schema):
    items: list[BatchResult]


class Ids(Schema):
    """Which of these does the service have?"""

    ids: Annotated[list[UUID], Field(max_length=BATCH_LIMIT)]


class Known(Schema):
    """The ids that are there and that the caller may see, in the order asked."""

    known: list[UUID]


class OutcomeIn(Schema):
    was_successful: bool
    workflow_type: Label | None = None
    execution_error: Note | None = None


class Prediction(Schema):
    """A stored prediction with its outcome and its standing correction.

    `source_id` is the id it had in the table it was imported from.
    """

    id: UUID
    user_id: UUID | None
    task: str
    prompt: str
    predicted_intent: str
    confidence: float | None
    secondary_intents: list[SecondaryIntent]
    output: JsonValue
    corrected_intent: str | None
    correction_notes: str | None
    was_successful: bool | None
    workflow_type: str | None
    execution_error: str | None
    conversation_id: UUID | None
    message_index: int | None
    model_version: str | None
    prompt_version: str | None
    latency_ms: float | None
    created_at: Moment
    updated_at: Moment
    source_id: str | None = None
