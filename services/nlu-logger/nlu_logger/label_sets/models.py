"""What one version of a task's label set is as a row."""

from datetime import datetime
from typing import Any

from nlu_shared.schemas.labels import LabelSetVersion
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class LabelSetRow(SQLModel, table=True):
    """Version 0 is open: its row, if there is one, holds what renames left of aliases."""

    __tablename__ = "label_sets"

    task: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    labels: Any = Field(sa_column=Column(JSONB, nullable=False))
    made_by: str
    made_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )

    def view(self) -> LabelSetVersion:
        return LabelSetVersion.model_validate(
            {
                "version": self.version,
                "labels": len(self.labels),
                "made_by": self.made_by,
                "made_at": self.made_at,
            }
        )
