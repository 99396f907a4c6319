"""What reviewers say: corrections, confirmations and decisions on them."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from nlu_shared.schemas.base import Label, Moment, Note, SafeJson, Schema


class CorrectionStatus(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class CorrectionIn(Schema):
    """The right answer for a prediction: a label, or a structured output."""

    corrected_intent: Label | None = None
    corrected_output: SafeJson = None
    correction_notes: Note | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> "CorrectionIn":
        if (self.corrected_intent is None) == (self.corrected_output is None):
            raise ValueError("give corrected_intent or corrected_output, one of them")
        return self


class ConfirmationIn(Schema):
    """The prediction was right."""

    correction_notes: Note | None = None


class Correction(Schema):
    id: UUID
    prediction_id: UUID
    author: str
    status: CorrectionStatus
    is_confirmation: bool
    corrected_intent: str | None
    corrected_output: JsonValue
    correction_notes: str | None
    decided_by: str | None
    decided_at: Moment | None
    created_at: Moment


class ApprovalIn(Schema):
    """A reviewer's yes. `may_quote`: may this text appear inside a prompt?"""

    may_quote: bool = False


class BulkApprovalIn(Schema):
    correction_ids: Annotated[list[UUID], Field(min_length=1, max_length=1_000)]
    may_quote: bool = False


class Approved(Schema):
    correction_id: UUID
    ground_truth_id: UUID


class ApprovalResult(Schema):
    """What became of one correction of a bulk approval."""

    correction_id: UUID
    status: int
    ground_truth_id: UUID | None = None
    code: str | None = None


class BulkApproved(Schema):
    items: list[ApprovalResult]
