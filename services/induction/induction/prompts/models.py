"""What a prompt version, its scores and the production pointer are as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.schemas.prompts import PromptContent
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class PromptVersionRow(SQLModel, table=True):
    """`labels`: of an intent, what its answers are chosen from; None: those of its task.
    `constants`: a `ModuleConstants`."""

    __tablename__ = "prompt_versions"

    id: UUID = Field(primary_key=True)
    task: str
    version_hash: str
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    parent_id: UUID | None = None
    run_id: UUID | None = None
    source: str
    labels: list[str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    constants: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    notes: str | None = None
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )

    def prompt(self) -> PromptContent:
        return PromptContent.model_validate(self.content)


class PromptScoreRow(SQLModel, table=True):
    __tablename__ = "prompt_scores"

    version_id: UUID = Field(primary_key=True)
    run_id: UUID = Field(primary_key=True)
    split: str = Field(primary_key=True)
    objective: float
    components: dict[str, float] = Field(sa_column=Column(JSONB, nullable=False))
    pooled: dict[str, tuple[int, int, int]] = Field(
        default={}, sa_column=Column(JSONB, nullable=False)
    )
    support: dict[str, int] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    per_conversation: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    cases: int
    unanswered: int = 0
    faults: dict[str, int] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    lenient: dict[str, int] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    dataset_hash: str
    model: str
    answered_by: str | None = None
    scorer: str
    rendered_hash: str | None = None
    labels_version: int = 0


class ProductionPromptRow(SQLModel, table=True):
    """One change of the production pointer; the newest row of a task says what serves."""

    __tablename__ = "production_prompts"

    task: str = Field(primary_key=True)
    since: datetime | None = Field(
        default=None,
        sa_column=Column(
            DateTime(timezone=True), primary_key=True, server_default=func.clock_timestamp()
        ),
    )
    version_id: UUID
    by: str
