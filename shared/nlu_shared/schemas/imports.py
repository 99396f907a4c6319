"""What is brought in from files, line by line, and what became of each line.

Lines are read leniently: people add columns of their own, and a table leaves cells empty.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    model_validator,
)
from pydantic_core import from_json

from nlu_shared.schemas.base import Confidence, Label, Moment, Note, Schema, Utterance
from nlu_shared.schemas.ground_truth import Context
from nlu_shared.schemas.labels import LabelCell, LabelWarning
from nlu_shared.schemas.predictions import SecondaryIntent

IMPORT_LIMIT = 1_000
"""Most lines in one request."""
NOTHING = ("", r"\N")
"""In a cell; the second is what databases write."""


class _FromFile(BaseModel):
    """Columns that are not named here are left aside; an empty cell says nothing."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty_says_nothing(cls, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        return {name: None if value in NOTHING else value for name, value in row.items()}


def _trimmed(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else _digits(value)


def _digits(value: Any) -> Any:
    """A whole number is its digits, as in labels."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _moment(value: Any) -> Any:
    """As psql writes it too: a space instead of the T, an offset of two digits."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _parsed(value: Any) -> Any:
    """A table holds JSON as text; nothing is an empty list."""
    return from_json(value, allow_inf_nan=False) if isinstance(value, str) else value or []


class ReviewedLine(_FromFile):
    """A row of the review file; without a `corrected_intent` nobody has said anything.

    `id` is ours, or the one that an imported prediction had before.
    """

    id: Annotated[Label, BeforeValidator(_trimmed)] = Field(
        description="of the prediction: ours, or the one it had before it was imported"
    )
    corrected_intent: LabelCell = Field(
        description="the right answer; empty or null: nobody has said anything"
    )
    notes: Note | None = Field(default=None, description="what the corrector adds")


class LabelledLine(BaseModel):
    """A row of labelled texts under the names that are known without being told. Under others it
    takes `text_column`, `label_column` and `group_column`; formats of the field's tools, and
    discussions of the extraction export, have rows of their own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    text: str | None = Field(default=None, description="what a model is to read")
    label: JsonValue = Field(
        default=None, description="a label, or the object of an extraction; empty: nobody said"
    )
    group: str | int | None = Field(
        default=None,
        description="what it must not be separated from in a split, such as a conversation",
    )
    context: Context | None = Field(
        default=None, description="what stands before the text; null: nothing"
    )


class HistoryLine(_FromFile):
    """A row of the original `nlu_prompt_logs`."""

    id: Annotated[Label, BeforeValidator(_digits)] = Field(description="its id in that table")
    user_id: UUID | None = Field(default=None, description="the person whose text it is")
    prompt: Utterance = Field(description="what the user said")
    predicted_intent: Annotated[Label, BeforeValidator(_digits)] = Field(
        description="what the model answered"
    )
    confidence: Confidence | None = Field(
        default=None, description="how sure the model was, 0 to 1; null: not known"
    )
    secondary_intents: Annotated[
        list[SecondaryIntent],
        Field(max_length=100, description="what else it thought of; in a table as JSON"),
        BeforeValidator(_parsed),
    ] = []
    corrected_intent: LabelCell = Field(
        default=None, description="the standing correction; null: none"
    )
    correction_notes: Note | None = Field(default=None, description="what the corrector added")
    was_successful: bool | None = Field(
        default=None, description="how the work that followed ended; null: not known"
    )
    workflow_type: Label | None = Field(default=None, description="what kind of work it was")
    execution_error: Note | None = Field(default=None, description="why it failed")
    conversation_id: UUID | None = Field(default=None, description="the conversation it belongs to")
    message_index: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = Field(
        default=None, description="its place in the conversation, from 0"
    )
    created_at: Annotated[Moment, BeforeValidator(_moment)] = Field(
        description="when it was made, with its offset"
    )


class LineResult(Schema):
    """What became of one line: 201 it is new, 200 it was there before (or is skipped, or erased, as
    `code` then says), anything else refused. `id` is what it made; `item` names the statement of a
    discussion."""

    line: int = Field(
        description="its line in the file, or its place in an array or document, from 1"
    )
    item: str | None = Field(
        default=None, description="the statement of a discussion; null for other lines"
    )
    status: int = Field(description="201 new, 200 known, skipped or erased, else refused")
    code: str | None = Field(default=None, description="why it was skipped or refused")
    detail: str | None = Field(default=None, description="what may help; never text of the line")
    id: UUID | None = Field(default=None, description="of what the line made")
    warning: LabelWarning | None = Field(default=None, description="what to look at; null: nothing")


class ImportAnswer(Schema):
    """One result per line, in the order of the file, and how many there are of each kind."""

    items: list[LineResult] = Field(
        description="one for each line or statement, in the file's order"
    )
    created: int = Field(description="how many are new")
    repeated: int = Field(description="how many were there before")
    skipped: int = Field(description="how many say nothing, as a text without a label does")
    erased: int = Field(default=0, description="how many stay away since their person was erased")
    refused: int = Field(description="how many are wrong")


class HistoryAnswer(ImportAnswer):
    """`past_retention` counts the lines that retention will drop at its next look: it keeps what
    training may keep of them, anonymised. `ignored` names what the original table does not have."""

    ignored: list[str] = Field(
        default=[], description="columns of the file that were left aside, such as model_version"
    )
    past_retention: int = Field(description="lines that retention will drop at its next look")
