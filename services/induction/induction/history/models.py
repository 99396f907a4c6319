"""What a tried change is as a row."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Column, DateTime, func
from sqlalchemy import Uuid as SqlUuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel


class Outcome(StrEnum):
    """`outdone`: it passed its gate, and another change of the same step gained more, or nobody
    approved it in time."""

    OPEN = "open"
    KEPT = "kept"
    REJECTED = "rejected"
    OUTDONE = "outdone"


class Spent(NamedTuple):
    """By a run so far: calls, and dollars with those reserved for calls under way."""

    calls: int
    usd: float


def _case_ids() -> Any:
    return Field(default=[], sa_column=Column(ARRAY(SqlUuid()), nullable=False))


class RunChangeRow(SQLModel, table=True):
    """A change a run tried, numbered from 1, written in the transaction of the events that tell it.

    `change` and the versions are None where it was refused before it made a prompt; `stage` and
    `reason` say where and why it ended, None while it is open or where it was kept. `spent_calls`
    and `spent_usd` are what the whole run had spent when it ended.
    """

    __tablename__ = "run_changes"

    run_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    iteration: int
    change: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    aims: list[dict[str, Any]] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    version_id: UUID | None = None
    parent_id: UUID | None = None
    outcome: str = Outcome.OPEN
    stage: str | None = None
    reason: str | None = None
    validation_f1: float | None = None
    fixed: list[UUID] = _case_ids()
    broke: list[UUID] = _case_ids()
    at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
    spent_calls: int | None = None
    spent_usd: float | None = None


class RunApprovalRow(SQLModel, table=True):
    """The wait of a change for a person. `decided_by` is None beside a decision where time decided;
    `taken_at_step` is the reading of the inbox that heard it."""

    __tablename__ = "run_approvals"

    run_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    until: datetime = Field(sa_type=DateTime(timezone=True))
    unanswered: str
    decision: str | None = None
    decided_by: str | None = None
    reason: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    taken_at_step: int | None = None
