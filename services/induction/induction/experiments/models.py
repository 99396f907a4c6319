"""What an experiment, its shares over time and its counted outcomes are as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.schemas.experiments import ExperimentEvidence, ExperimentIn, ExperimentStatus
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

GIVES_B = (ExperimentStatus.RUNNING.value, ExperimentStatus.WON.value)


class ExperimentRow(SQLModel, table=True):
    """`plan`: an `ExperimentIn` without its reason; `centre` and `centres`, by guarded intent: what
    outcomes are measured from, fixed at the start; units until `counted_until` are counted. One
    that has won serves its share until it is stopped (`stopped_at`), and stays won."""

    __tablename__ = "experiments"

    id: UUID = Field(primary_key=True)
    task: str
    status: str
    a_version_id: UUID
    b_version_id: UUID
    plan: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    reason: str | None = None
    centre: float
    centres: dict[str, float] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    counted_until: datetime = Field(sa_type=DateTime(timezone=True))
    evidence: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    conclusion: str | None = None
    proposal_id: UUID | None = None
    by: str
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    ended_by: str | None = None
    stopped_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    stopped_by: str | None = None
    stopped_because: str | None = None

    @property
    def gives_b(self) -> bool:
        """To units, until production moves."""
        return self.status in GIVES_B and self.stopped_at is None

    def is_in_the_way(self, *, has_moved: bool) -> bool:
        """Of another one. `has_moved`: has production, since it began?"""
        is_running = self.status == ExperimentStatus.RUNNING.value
        return is_running or (self.gives_b and not has_moved)

    def planned(self) -> ExperimentIn:
        return ExperimentIn.model_validate(self.plan | {"reason": self.reason}, strict=False)

    def observed(self) -> ExperimentEvidence | None:
        return None if self.evidence is None else ExperimentEvidence(**self.evidence)


class ExperimentStepRow(SQLModel, table=True):
    """A share of b, and since when; rows are added, never changed."""

    __tablename__ = "experiment_steps"

    experiment_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    share: float
    since: datetime = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
    reason: str
