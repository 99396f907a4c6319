"""What a snapshot, a frozen case and a case's split are as rows."""

from typing import Any
from uuid import UUID

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class SnapshotRow(SQLModel, table=True):
    __tablename__ = "snapshots"

    task: str = Field(primary_key=True)
    dataset_hash: str = Field(primary_key=True)
    size: int


class SnapshotCaseRow(SQLModel, table=True):
    __tablename__ = "snapshot_cases"

    task: str = Field(primary_key=True)
    dataset_hash: str = Field(primary_key=True)
    case_id: UUID = Field(primary_key=True)
    text: str
    context: Any = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    truth: Any = Field(sa_column=Column(JSONB, nullable=False))
    case_group: str | None = None
    may_quote: bool
    forgotten_hash: str | None = None


class CaseSplitRow(SQLModel, table=True):
    __tablename__ = "case_splits"

    task: str = Field(primary_key=True)
    case_id: UUID = Field(primary_key=True)
    split: str
    since_run: UUID
