"""What an experiment, its shares over time and its counted outcomes are as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from nlu_shared.schemas.experiments import ExperimentEvidence, ExperimentIn
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class ExperimentRow(SQLModel, table=True):
    """`plan`: an `ExperimentIn` without its reason; `centre` and `centres`, by guarded intent: what
    outcomes are measured from, fixed at the start; units until `counted_until` are counted. One
    that has won serves its share until it is stopped (`stopped_at`), and stays won.

    `began_at_move` and `over_at_move` are numbers of production's newest move: when it began, and
    when what was decided or stopped took its b from all units; None until then."""

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
    began_at_move: int
    over_at_move: int | None = None

    @property
    def gives_b(self) -> bool:
        """To units, until production moves."""
        return self.over_at_move is None

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
