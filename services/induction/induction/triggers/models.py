"""What a task's trigger rules and a stored decision are as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AutoTriggerRow(SQLModel, table=True):
    __tablename__ = "auto_triggers"

    task: str = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class TriggerDecisionRow(SQLModel, table=True):
    __tablename__ = "trigger_decisions"

    id: UUID = Field(primary_key=True)
    task: str
    started: bool
    reasons: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    cases: int
    dataset_hash: str | None = None
    run_id: UUID | None = None
    decided_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
