"""What reviewers say: corrections, confirmations and decisions on them."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from nlu_shared.schemas.base import Fraction, Label, Moment, Note, SafeJson, Schema


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


CorrectionIds = Annotated[list[UUID], Field(min_length=1, max_length=1_000)]


class BulkApprovalIn(ApprovalIn):
    correction_ids: CorrectionIds


class BulkRejectionIn(Schema):
    correction_ids: CorrectionIds


class Approved(Schema):
    correction_id: UUID
    ground_truth_id: UUID


class Decided(Schema):
    """What became of one correction of many."""

    correction_id: UUID
    status: int
    ground_truth_id: UUID | None = None
    code: str | None = None


class BulkDecided(Schema):
    items: list[Decided]


class Settlement(StrEnum):
    """How a conflict ends: the standing truth is kept, replaced by the other, or both go."""

    KEEP = "keep"
    REPLACE = "replace"
    WITHDRAW = "withdraw"


class SettlementIn(Schema):
    truth: Settlement


class TruthConflict(Schema):
    """Two truths for one text. `correction_id` is None where the other truth was imported.

    `standing_corrections` are the approved corrections on which the standing truth rests.
    """

    id: UUID
    task: str
    text: str
    ground_truth_id: UUID
    standing_truth: JsonValue
    standing_by: str
    standing_corrections: list[UUID]
    correction_id: UUID | None
    other_truth: JsonValue
    other_by: str
    raised_by: str
    created_at: Moment


class Settled(Schema):
    """`ground_truth_id` is None where no truth stands any more."""

    ground_truth_id: UUID | None


class PairAgreement(Schema):
    """How two reviewers agree on the `n` predictions both coded.

    `kappa` is None where it is unknown, and `unknown` says why.
    """

    reviewers: tuple[str, str]
    n: int
    observed: Fraction
    kappa: float | None
    unknown: Literal["too_few", "one_label"] | None


class Agreement(Schema):
    pairs: list[PairAgreement]
