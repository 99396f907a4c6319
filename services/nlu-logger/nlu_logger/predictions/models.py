"""What a logged prediction is as a row."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class PredictionRow(SQLModel, table=True):
    """Written by `ingest` alone; the columns a caller may change are granted, not agreed on."""

    __tablename__ = "nlu_prompt_logs"

    id: UUID = Field(primary_key=True)
    user_id: UUID | None
    task: str
    prompt: str
    predicted_intent: str
    confidence: float | None
    secondary_intents: list[dict[str, Any]] = Field(sa_column=Column(JSONB))
    output: Any = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    corrected_intent: str | None
    correction_notes: str | None
    was_successful: bool | None
    workflow_type: str | None
    execution_error: str | None
    conversation_id: UUID | None
    message_index: int | None
    model_version: str | None
    prompt_version: str | None
    latency_ms: float | None
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    source_id: str | None
