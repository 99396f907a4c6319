"""What a task's trigger rules and a stored decision are as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.schemas.triggers import TriggerDecision
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from induction.triggers.wording import summary


def _moment() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True))


class AutoTriggerRow(SQLModel, table=True):
    """`looked_at`: when a person last said anything about it here; `reset_at`: what ran before
    counts for no backoff."""

    __tablename__ = "auto_triggers"

    task: str = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    paused_at: datetime | None = _moment()
    paused_by: str | None = None
    looked_at: datetime | None = _moment()
    reset_at: datetime | None = _moment()


class TriggerDecisionRow(SQLModel, table=True):
    """`cases` is None where nobody looked. `times` says how often in a row it came out so."""

    __tablename__ = "trigger_decisions"

    id: UUID = Field(primary_key=True)
    task: str
    started: bool
    reasons: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    causes: list[dict[str, Any]] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    live_f1: float | None = None
    cases: int | None = None
    dataset_hash: str | None = None
    run_id: UUID | None = None
    decided_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
    times: int = 1
    last_decided_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )

    def view(self) -> TriggerDecision:
        return TriggerDecision.model_validate(
            {**self.model_dump(), "summary": summary(self.reasons, started=self.started)}
        )
