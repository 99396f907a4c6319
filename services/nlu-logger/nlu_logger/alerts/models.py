"""What an alert, an incident and a delivery are as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.schemas.channels import DeliveryStatus
from sqlalchemy import Column, DateTime, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AlertRow(SQLModel, table=True):
    """`shown` is what administrators see of the channels. The addresses themselves stand in a
    column of their own (`channels`) that is not mapped here: only the worker may read it."""

    __tablename__ = "alerts"

    id: UUID = Field(primary_key=True)
    rule: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    shown: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
    looked_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )


class IncidentRow(SQLModel, table=True):
    __tablename__ = "alert_incidents"

    id: UUID = Field(primary_key=True)
    alert_id: UUID
    opened_at: datetime = Field(sa_type=DateTime(timezone=True))
    value: float
    count: int
    recovered_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    recovered_value: float | None = None


class DeliveryRow(SQLModel, table=True):
    """`not_before` is the lease of who is sending now, and the wait before the next attempt."""

    __tablename__ = "alert_deliveries"

    id: UUID = Field(primary_key=True)
    incident_id: UUID
    notice: str
    channel: int
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    status: str = Field(default=DeliveryStatus.WAITING.value, sa_type=Text)
    attempts: int = 0
    reason: str | None = None
    not_before: datetime = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
    sent_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), nullable=True)
    )
