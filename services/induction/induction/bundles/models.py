"""Where a version came from, as a row."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class BundleOriginRow(SQLModel, table=True):
    """`version_id` is of here, `origin_id` of there: without their examples two versions may be one
    here. `origin` is what a `BundleOrigin` says of there."""

    __tablename__ = "bundle_origins"

    version_id: UUID = Field(primary_key=True)
    bundle_hash: str = Field(primary_key=True)
    origin_id: UUID = Field(primary_key=True)
    signer: str
    task: str
    origin: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    taken_by: str
    taken_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
