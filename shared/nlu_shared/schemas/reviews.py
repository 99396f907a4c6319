"""What reviewers say: corrections, confirmations and decisions on them."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from nlu_shared.schemas.base import Body, Expectation, Fraction, Moment, Note, SafeJson, Schema
from nlu_shared.schemas.labels import AllowNew, GivenTruth, LabelWarning

WARNING = "what to look at, in an answer to who made it; null: nothing"


class CorrectionStatus(StrEnum):
    """How far a correction got."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


class CorrectionIn(Body):
    """The right answer for a prediction: a label, or a structured output."""

    corrected_intent: GivenTruth = Field(
        default=None, description="the right label; this or `corrected_output`"
    )
    corrected_output: SafeJson = Field(
        default=None, description="the right structured answer; this or `corrected_intent`"
    )
    correction_notes: Note | None = Field(default=None, description="what a reviewer should know")
    allow_new: AllowNew = False

    @model_validator(mode="after")
    def _one_answer(self) -> "CorrectionIn":
        if (self.corrected_intent is None) == (self.corrected_output is None):
            raise Expectation("corrected_intent or corrected_output, one of them")
        return self

    @property
    def stored(self) -> dict[str, JsonValue]:
        """What is kept of it: the answer and its notes."""
        return self.model_dump(mode="json", exclude={"allow_new"})


class ConfirmationIn(Body):
    """The prediction was right."""

    correction_notes: Note | None = Field(default=None, description="what a reviewer should know")
    allow_new: AllowNew = False


class Correction(Schema):
    """What somebody says the right answer is, and what was decided on it."""

    id: UUID = Field(description="names the correction in paths")
    prediction_id: UUID = Field(description="what it is about")
    author: str = Field(description="subject of who proposed it")
    status: CorrectionStatus = Field(description="how far it got")
    is_confirmation: bool = Field(description="it says that the prediction was right")
    corrected_intent: str | None = Field(description="the right label, if that was given")
    corrected_output: JsonValue = Field(
        description="the right structured answer, if that was given"
    )
    correction_notes: str | None = Field(description="what the author added")
    decided_by: str | None = Field(
        description="subject of who approved or rejected it; null: nobody"
    )
    decided_at: Moment | None = Field(description="when that was; null: not yet")
    created_at: Moment = Field(description="when it was proposed")
    warning: LabelWarning | None = Field(default=None, description=WARNING)


class ApprovalIn(Body):
    """A reviewer's yes. `may_quote`: may this text appear inside a prompt?"""

    may_quote: bool | None = Field(
        default=None,
        description="may this text appear inside a prompt? null: as the task's default says, else"
        " no",
    )
    allow_new: AllowNew = False


CorrectionIds = Annotated[list[UUID], Field(min_length=1, max_length=1_000)]


class BulkApprovalIn(ApprovalIn):
    """Many corrections to approve."""

    correction_ids: CorrectionIds = Field(description="each gets a result of its own")


class BulkRejectionIn(Body):
    """Many corrections to reject."""

    correction_ids: CorrectionIds = Field(description="each gets a result of its own")


class Approved(Schema):
    """A correction that is ground truth now."""

    correction_id: UUID = Field(description="what was approved")
    ground_truth_id: UUID = Field(description="the case it made or joined")
    warning: LabelWarning | None = Field(default=None, description=WARNING)


class Decided(Schema):
    """What became of one correction of many."""

    correction_id: UUID = Field(description="which one")
    status: int = Field(description="what deciding it alone would have been answered")
    ground_truth_id: UUID | None = Field(
        default=None, description="the case it made or joined; null: none"
    )
    code: str | None = Field(default=None, description="why it was refused")
    warning: LabelWarning | None = Field(default=None, description=WARNING)


class BulkDecided(Schema):
    """What became of many corrections."""

    items: list[Decided] = Field(description="one for each correction, in the order sent")


class Settlement(StrEnum):
    """How a conflict ends: the standing truth is kept, replaced by the other, or both go."""

    KEEP = "keep"
    REPLACE = "replace"
    WITHDRAW = "withdraw"


class SettlementIn(Body):
    """How a conflict is to end."""

    truth: Settlement = Field(description="which truth is left")
    allow_new: AllowNew = False


class TruthConflict(Schema):
    """Two truths for one text. `correction_id` is None where the other truth was imported.

    `standing_corrections` are the approved corrections on which the standing truth rests.
    """

    id: UUID = Field(description="names the conflict in paths")
    task: str = Field(description="the task both are truths of")
    text: str = Field(description="what both are truths for")
    ground_truth_id: UUID = Field(description="the case whose truth stands")
    standing_truth: JsonValue = Field(description="the truth that stands")
    standing_by: str = Field(description="subject of who approved it")
    standing_corrections: list[UUID] = Field(description="the approved corrections it rests on")
    correction_id: UUID | None = Field(
        description="the correction that says otherwise; null: it was imported"
    )
    other_truth: JsonValue = Field(description="the truth that contradicts it")
    other_by: str = Field(description="subject of who said so")
    raised_by: str = Field(description="subject of who met the conflict")
    created_at: Moment = Field(description="when that was")


class Settled(Schema):
    """`ground_truth_id` is None where no truth stands any more."""

    ground_truth_id: UUID | None = Field(description="the case that is left; null: none")


class PairAgreement(Schema):
    """How two reviewers agree on the `n` predictions both coded.

    `kappa` is None where it is unknown, and `unknown` says why.
    """

    reviewers: tuple[str, str] = Field(description="their subjects")
    n: int = Field(description="predictions both coded")
    observed: Fraction = Field(description="share of these they coded alike, 0 to 1")
    kappa: float | None = Field(description="Cohen's kappa, at most 1; null: not known")
    unknown: Literal["too_few", "one_label"] | None = Field(
        description="why it is not known; null: it is"
    )


class Agreement(Schema):
    """How reviewers agree, two by two."""

    pairs: list[PairAgreement] = Field(description="every two who coded the same prediction")
