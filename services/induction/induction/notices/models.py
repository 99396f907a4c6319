"""What a channel and a report on its way to one are as rows."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlmodel import Field, SQLModel


class ChannelRow(SQLModel, table=True):
    """`target` is what administrators see. The address itself, with its secret, stands in a column
    of its own (`address`) that is not mapped here: only who sends reads it."""

    __tablename__ = "report_channels"

    id: UUID = Field(primary_key=True)
    kind: str
    target: str
    tasks: list[str] | None = Field(default=None, sa_column=Column(ARRAY(TEXT), nullable=True))
    events: list[str] = Field(sa_column=Column(ARRAY(TEXT), nullable=False))
    run_kinds: list[str] = Field(sa_column=Column(ARRAY(TEXT), nullable=False))
    created_at: datetime = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
