"""What a task row is."""

from datetime import datetime
from typing import Any

from nlu_shared.schemas.prompts import TaskIn, TaskKind
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class TaskRow(SQLModel, table=True):
    __tablename__ = "tasks"

    slug: str = Field(primary_key=True)
    kind: str
    labels: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    task_model: str | None = None
    proposer_model: str | None = None
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )

    def spec(self) -> TaskIn:
        return TaskIn.model_validate(
            {
                "slug": self.slug,
                "kind": TaskKind(self.kind),
                "labels": self.labels,
                "task_model": self.task_model,
                "proposer_model": self.proposer_model,
            }
        )
