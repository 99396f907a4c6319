"""What corrections (a confirmation is one too) and claims are as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.schemas.queues import Claim
from nlu_shared.schemas.reviews import Correction
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class CorrectionRow(SQLModel, table=True):
    """`body_hash` makes the same word of the same author about the same prediction one row."""

    __tablename__ = "corrections"

    id: UUID = Field(primary_key=True)
    prediction_id: UUID
    author: str
    status: str
    is_confirmation: bool
    corrected_intent: str | None = None
    corrected_output: Any = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    correction_notes: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ground_truth_id: UUID | None = None
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
    body_hash: str

    def view(self) -> Correction:
        return Correction.model_validate(self.model_dump(include=set(Correction.model_fields)))


class ClaimRow(SQLModel, table=True):
    """The last claim on an item, a prediction or a case; one that ended stays to be taken over."""

    __tablename__ = "claims"

    item_id: UUID = Field(primary_key=True)
    id: UUID
    queue: str
    held_by: str
    until: datetime = Field(sa_type=DateTime(timezone=True))

    def view(self) -> Claim:
        return Claim(id=self.id, claimed_by=self.held_by, claimed_until=self.until)
