"""A finished run executed again from what it wrote down, and what that showed."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field, JsonValue

from nlu_shared.schemas.base import Moment, Schema


class VerificationOutcome(StrEnum):
    SAME = "same"
    DIFFERENT = "different"
    UNCHECKED = "unchecked"


class EventDifference(Schema):
    """The first event that is not the same. Both sides are as the run's events show them."""

    n: int = Field(description="number of the event, from 1")
    recorded: dict[str, JsonValue] | None = Field(
        description="as it is stored; null: there is none of this number"
    )
    replayed: dict[str, JsonValue] | None = Field(
        description="as the engine says it now; null: it says nothing there"
    )


class Verification(Schema):
    run_id: UUID = Field(description="the run that is executed again")
    engine_version: str = Field(description="of the engine the run was started with")
    outcome: VerificationOutcome | None = Field(
        description="same: every event; different: see `difference`; unchecked: see `reason`;"
        " null: a worker is still to take it, or at work"
    )
    events: int = Field(description="events that were found the same, counted from the first")
    reason: str | None = Field(
        description="why it could not be checked, what the engine did instead of an event, or who"
        " ended the run where its engine had not come to an end"
    )
    difference: EventDifference | None = Field(description="where it is different: both sides")
    requested_at: Moment = Field(description="when it was asked for")
    completed_at: Moment | None = Field(description="when it was done; null: not yet")
