"""An operator's hand on a run: hints, and changes that wait for a person before they are kept."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from nlu_shared.schemas.base import Body, Moment, Note, Schema
from nlu_shared.schemas.rendered import BlockName

MINUTES = 1_440.0


class ApprovalMode(StrEnum):
    OFF = "off"
    EACH_CHANGE = "each-change"


class Unanswered(StrEnum):
    """What becomes of a change that nobody has decided on in time."""

    KEEP = "keep"
    VETO = "veto"


class Decision(StrEnum):
    APPROVED = "approved"
    VETOED = "vetoed"


ApprovalMinutes = Annotated[float, Field(gt=0, le=10_080)]


class ApprovalTerms(Schema):
    """How long a change waits for a person, and what it means when nobody answers."""

    minutes: float
    unanswered: Unanswered


class Approvals(Schema):
    """Whether changes wait for a person before they are kept, as a task or a run has it."""

    approval: ApprovalMode = Field(
        default=ApprovalMode.OFF,
        description="each-change: a change that has passed every gate waits until a person approves"
        " or vetoes it, and costs neither calls nor the run's minutes meanwhile",
    )
    approval_minutes: ApprovalMinutes = Field(
        default=MINUTES, description="how long it waits, in minutes by the clock"
    )
    unanswered: Unanswered = Field(
        default=Unanswered.VETO,
        description="what becomes of it when nobody has answered by then: keep or veto",
    )

    @property
    def terms(self) -> ApprovalTerms | None:
        """None where nobody is to be asked."""
        if self.approval is ApprovalMode.OFF:
            return None
        return ApprovalTerms(minutes=self.approval_minutes, unanswered=self.unanswered)


class ChosenApprovals(Schema):
    """The same where what is left out is as it was: as the task has it, or the run that is
    continued."""

    approval: ApprovalMode | None = Field(
        default=None,
        description="off, or each-change: a change waits for a person before it is kept; null: as"
        " it was",
    )
    approval_minutes: ApprovalMinutes | None = Field(
        default=None, description="how long it waits, by the clock; null: as it was"
    )
    unanswered: Unanswered | None = Field(
        default=None,
        description="what becomes of it when nobody has answered by then; null: as it was",
    )


class ApprovalView(Schema):
    """A change that waits, or has waited, for a person."""

    until: Moment = Field(description="when `unanswered` decides")
    unanswered: Unanswered = Field(description="what becomes of it when nobody answers: keep, veto")
    decision: Decision | None = Field(description="null: nobody has decided yet")
    decided_by: str | None = Field(description="who did; null beside a decision: time did")
    reason: str | None = Field(description="of a veto, in the person's words")
    decided_at: Moment | None = Field(description="when")


class TakenHint(Schema):
    """A hint as the proposals were given it, vetoes' reasons and the focus among them."""

    iteration: int = Field(description="in which it was taken, from 1")
    hint: str = Field(description="in words")


class HintIn(Body):
    hint: Annotated[Note, Field(min_length=1, description="what the next proposal should know")]


class PinIn(Body):
    block: BlockName = Field(description="of the baseline or of the best prompt so far")


class VetoIn(Body):
    reason: Annotated[
        Note,
        Field(
            min_length=1,
            description="why: the next proposals are told, and later runs remember it",
        ),
    ]
