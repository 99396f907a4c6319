"""What an approved case is as a row, and what contradicts one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class GroundTruthRow(SQLModel, table=True):
    """`text_key` is the text as it is compared, with what stands before it: one truth per task
    and text and context.

    `correction_id` is the correction that made it; None for a case that was imported.
    """

    __tablename__ = "ground_truth"

    id: UUID = Field(primary_key=True)
    task: str
    text: str
    text_key: str
    context: Any = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    truth: Any = Field(sa_column=Column(JSONB, nullable=False))
    case_group: str | None = None
    may_quote: bool
    hash: str
    correction_id: UUID | None = None
    approved_by: str
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )


class QuotingDefaultRow(SQLModel, table=True):
    """Whether texts of a task may be quoted where nobody says."""

    __tablename__ = "quoting_defaults"

    task: str = Field(primary_key=True)
    may_quote: bool
    set_by: str


class ConflictRow(SQLModel, table=True):
    """A second truth for the text of an approved case, waiting for somebody to settle it.

    `correction_id` is the correction that says so; None for a case that was imported.
    """

    __tablename__ = "truth_conflicts"

    id: UUID = Field(primary_key=True)
    ground_truth_id: UUID
    correction_id: UUID | None = None
    truth: Any = Field(sa_column=Column(JSONB, nullable=False))
    truth_hash: str
    case_group: str | None = None
    may_quote: bool
    raised_by: str
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
