"""What an approved case is as a row."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class GroundTruthRow(SQLModel, table=True):
    """`text_key` is the text as it is compared: one truth per task and text.

    `correction_id` is the correction that made it; None for a case that was imported.
    """

    __tablename__ = "ground_truth"

    id: UUID = Field(primary_key=True)
    task: str
    text: str
    text_key: str
    truth: Any = Field(sa_column=Column(JSONB, nullable=False))
    case_group: str | None = None
    may_quote: bool
    hash: str
    correction_id: UUID | None = None
    approved_by: str
