"""What a backend logs: predictions and how the work that followed ended."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from nlu_shared.schemas.base import (
    Body,
    Confidence,
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
SECONDARY_LIMIT = 100


class SecondaryIntent(Body):
    """Another answer the model thought of."""

    intent: Label = Field(description="another intent the model thought of")
    confidence: Confidence = Field(description="how sure it was of it, 0 to 1")


class PredictionIn(Body):
    """One prediction as posted; `id` is the idempotency key and carries the time."""

    id: Uuid7 | None = Field(
        default=None,
        description="UUIDv7, the idempotency key; its time is the prediction's",
    )
    user_id: UUID | None = Field(
        default=None,
        description="the person whose text it is; a signed-in user's own where left out",
    )
    task: Slug = Field(default=INTENT, description="the task it is a prediction of")
    prompt: Utterance = Field(description="what the user said")
    predicted_intent: Label = Field(description="what the model answered")
    confidence: Confidence = Field(description="how sure the model was, 0 to 1")
    secondary_intents: Annotated[
        list[SecondaryIntent],
        Field(max_length=SECONDARY_LIMIT, description="what else it thought of"),
    ] = []
    output: SafeJson = Field(
        default=None, description="a structured answer, for tasks that have one"
    )
    conversation_id: UUID | None = Field(default=None, description="the conversation it belongs to")
    message_index: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="its place in the conversation, from 0"
    )
    model_version: Label | None = Field(default=None, description="of the model that answered")
    prompt_version: Label | None = Field(
        default=None, description="of the prompt it was asked with"
    )
    latency_ms: Annotated[float, Field(ge=0, le=86_400_000)] | None = Field(
        default=None, description="milliseconds the model took, at most a day"
    )


class Logged(Schema):
    """Stored, under this id."""

    log_id: UUID = Field(description="of the stored prediction")


class BatchResult(Schema):
    """What became of one item of a batch; `index` counts from 0 in the order sent."""

    index: int = Field(description="of the item, from 0 in the order sent")
    status: Literal[200, 201, 403, 409, 422] = Field(
        description="what a single post would have been answered"
    )
    log_id: UUID | None = Field(
        default=None, description="of the stored prediction; null where it was refused"
    )
    code: str | None = Field(default=None, description="why it was refused")
    detail: str | None = Field(
        default=None, description="what may help; never the caller's own text"
    )


class BatchAnswer(Schema):
    """What became of a batch."""

    items: list[BatchResult] = Field(description="one for each item, in the order sent")


class Ids(Body):
    """Which of these does the service have?"""

    ids: Annotated[list[UUID], Field(max_length=BATCH_LIMIT, description="of predictions")]


class Known(Schema):
    """The ids that are there and that the caller may see, in the order asked."""

    known: list[UUID] = Field(description="those that are stored, in the order asked")


class OutcomeIn(Body):
    """How the work that followed a prediction ended."""

    was_successful: bool = Field(description="did the work that followed the prediction go well?")
    workflow_type: Label | None = Field(default=None, description="what kind of work it was")
    execution_error: Note | None = Field(default=None, description="why it failed")


class Prediction(Schema):
    """A stored prediction with its outcome and its standing correction.

    `source_id` is the id it had in the table it was imported from.
    """

    id: UUID = Field(description="UUIDv7; its time is `created_at`")
    user_id: UUID | None = Field(description="the person whose text it is")
    task: str = Field(description="the task it is a prediction of")
    prompt: str = Field(description="what the user said")
    predicted_intent: str = Field(description="what the model answered")
    confidence: float | None = Field(description="how sure the model was, 0 to 1; null: not known")
    secondary_intents: list[SecondaryIntent] = Field(description="what else it thought of")
    output: JsonValue = Field(description="a structured answer, if there was one")
    corrected_intent: str | None = Field(
        description="the standing correction; null: none, or it was right"
    )
    correction_notes: str | None = Field(description="what the corrector added")
    was_successful: bool | None = Field(
        description="how the work that followed ended; null: not known"
    )
    workflow_type: str | None = Field(description="what kind of work it was")
    execution_error: str | None = Field(description="why it failed")
    conversation_id: UUID | None = Field(description="the conversation it belongs to")
    message_index: int | None = Field(description="its place in the conversation, from 0")
    model_version: str | None = Field(description="of the model that answered")
    prompt_version: str | None = Field(description="of the prompt it was asked with")
    latency_ms: float | None = Field(description="milliseconds the model took")
    created_at: Moment = Field(description="when it was made")
    updated_at: Moment = Field(description="when its outcome or correction last changed")
    source_id: str | None = Field(
        default=None,
        description="its id in the table it was imported from; null: it was logged here",
    )
