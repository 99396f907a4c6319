"""What a run, its events, its recorded inbox readings and its hints are as rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from nlu_shared.schemas.migration import MARGIN
from nlu_shared.schemas.runs import RunLimits
from nlu_shared.schemas.steering import MINUTES, ApprovalMode, Approvals, ApprovalTerms, Unanswered
from sqlalchemy import Column, DateTime, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from induction.llm.servers import Server


def _moment() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True))


class RunRow(SQLModel, table=True):
    """`fence` counts claims: whoever holds an older one may not write any more. `outages`
    counts how often it was parked because the provider answered nothing, `crashes` how often in a
    row its worker died before it came any further than `progress_at_claim`. `labels` are those it
    is held to, whatever becomes of the task's; None for a run from before there were label sets.
    `pins` are blocks no change edits, `taken_hints` those that were told, with their iterations.
    `provider` is what the answers of its task model are filed under, as far as that was known when
    it was started; `servers` what was found by model when a worker first took it."""

    __tablename__ = "runs"

    id: UUID = Field(primary_key=True)
    task: str
    kind: str
    trigger_type: str
    status: str
    reason: str | None = None
    limits: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    focus: str | None = None
    guards: dict[str, float] = Field(sa_column=Column(JSONB, nullable=False))
    proposals: int
    folds: int | None = None
    may_remove_blocks: bool = False
    retrieval: bool = False
    batches: bool = False
    to_models: list[str] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    margin: float = MARGIN
    optimise: bool = False
    agreement: bool = False
    pins: list[str] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    approval: str = ApprovalMode.OFF.value
    approval_minutes: float = MINUTES
    unanswered: str = Unanswered.VETO.value
    hints: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    taken_hints: list[dict[str, Any]] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    seed: int
    task_model: str
    proposer_model: str
    provider: str
    servers: dict[str, dict[str, Any]] = Field(default={}, sa_column=Column(JSONB, nullable=False))
    engine_version: str
    scorer: str | None = None
    labels: list[dict[str, Any]] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    labels_version: int | None = None
    left_out: list[dict[str, Any]] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    notes: list[str] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    remembered: list[dict[str, str]] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    epoch: int = 0
    looks: int = 0
    dataset_hash: str
    dataset_size: int
    predictions: int | None = None
    splits: dict[str, int] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    baseline_version_id: UUID
    best_version_id: UUID | None = None
    baseline_f1: float | None = None
    final_f1: float | None = None
    front: list[dict[str, Any]] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    verdict: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    cross_validation: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    patterns: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    error_analysis: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    comparisons: list[dict[str, Any]] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    headroom: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    classifier: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    canary: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    canary_answers: list[dict[str, Any]] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    compares_with: UUID | None = None
    replay: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    candidate_version_id: UUID | None = None
    members: list[str] = Field(default=[], sa_column=Column(JSONB, nullable=False))
    ensemble: dict[str, Any] | None = Field(
        default=None, sa_column=Column(JSONB(none_as_null=True))
    )
    cancel_requested: bool = False
    pause_requested: bool = False
    fence: int = 0
    lease_until: datetime | None = _moment()
    not_before: datetime | None = _moment()
    idle_since: datetime | None = _moment()
    idle_seconds: float = 0.0
    outages: int = 0
    continues: UUID | None = None
    crashes: int = 0
    progress_at_claim: int = 0
    last_error: str | None = None
    last_event: int = 0
    created_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now())
    )
    started_at: datetime | None = _moment()
    completed_at: datetime | None = _moment()

    def server_of(self, model: str) -> str | None:
        """For people: who answers under that name; None where nobody was asked yet."""
        known = self.servers.get(model)
        return None if known is None else Server.model_validate(known).name

    def window_of(self, model: str) -> int | None:
        """Tokens of prompt and answer that a model has room for, once its server was asked; None
        where it does not tell and nobody says."""
        known = self.servers.get(model)
        return None if known is None else Server.model_validate(known).window

    def fault_of(self, model: str) -> str | None:
        """Why a model cannot be asked, once its server was; None: it can, as far as is known."""
        known = self.servers.get(model)
        return None if known is None else Server.model_validate(known).fault

    @property
    def is_on_traffic(self) -> bool:
        """Whether it is about logged predictions, of which nothing but ids is stored."""
        return self.predictions is not None

    @property
    def member_ids(self) -> list[UUID]:
        """Of an ensemble, the versions that vote."""
        return [UUID(one) for one in self.members]

    @property
    def approval_terms(self) -> ApprovalTerms | None:
        return Approvals.model_validate(self.model_dump(include=set(Approvals.model_fields))).terms

    @property
    def promised(self) -> RunLimits:
        return RunLimits.model_validate(self.limits)

    @property
    def money_limit(self) -> Decimal:
        return Decimal(str(self.promised.money_usd))


class RunEventRow(SQLModel, table=True):
    __tablename__ = "run_events"

    run_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class RunInboxRow(SQLModel, table=True):
    __tablename__ = "run_inbox"

    run_id: UUID = Field(primary_key=True)
    step: int = Field(primary_key=True)
    body: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class RunPredictionRow(SQLModel, table=True):
    """A logged prediction that a run is about, by its id alone."""

    __tablename__ = "run_predictions"

    run_id: UUID = Field(primary_key=True)
    prediction_id: UUID = Field(primary_key=True)


class RunHintRow(SQLModel, table=True):
    """What a person tells a run on its way; with a `block` that this is pinned from now on."""

    __tablename__ = "run_hints"

    id: UUID = Field(primary_key=True)
    run_id: UUID
    hint: str
    block: str | None = None
    taken_at_step: int | None = None
