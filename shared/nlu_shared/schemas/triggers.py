"""When a run starts by itself, and the stored reasons why it did or did not."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Body, Fraction, Moment, Schema, Slug

MOST_HOURS = 87_600
"""Ten years: no wait is longer."""


class AutoTrigger(Schema):
    """Off unless somebody switches it on, task by task."""

    enabled: bool = Field(default=False, description="do runs of this task start by themselves?")
    f1_threshold: Fraction = Field(
        default=0.75,
        description="a live F1 below it asks for a run; while too few cases are audited the counts"
        " of cases decide",
    )
    min_cases: int = Field(default=20, ge=1, description="approved cases before a run is worth it")
    min_new_cases: int = Field(
        default=10,
        ge=0,
        description="cases since the last run's snapshot, where the live F1 is unknown",
    )
    cooldown_hours: float = Field(
        default=24,
        ge=0,
        le=MOST_HOURS,
        description="hours since the last start, ten years at most; twice as long after each"
        " automatic run in a row that gained too little",
    )
    max_consecutive: int = Field(
        default=3,
        ge=1,
        le=100,
        description="automatic runs in a row that may gain too little, or that may start without a"
        " person having looked; then none starts until somebody has",
    )
    min_gain: Fraction = Field(
        default=0.005, description="of F1 on validation, below which a run gained too little"
    )
    canary: bool = Field(
        default=False, description="does a canary ask the production prompt again each night?"
    )


class AutoTriggerIn(Body, AutoTrigger):
    """The rules of one task. What is left out is the service's default where rules are set, and
    stays where they are changed."""

    task: Slug = Field(description="whose rules they are")


class AutoTriggerOf(Body):
    """The trigger of one task."""

    task: Slug = Field(description="whose trigger it is")


class AutoTriggerView(AutoTrigger):
    """The rules of a task, and how its trigger stands.

    A person has looked who set or changed the rules, resumed, reset the backoff, started a run of
    the task or moved its production pointer.
    """

    task: str = Field(description="whose rules they are")
    paused_at: Moment | None = Field(description="since when it is paused; null: it is not")
    paused_by: str | None = Field(description="who paused it")
    paused_by_name: str | None = Field(default=None, description="what people call them")
    looked_at: Moment | None = Field(description="when a person last looked; null: never")
    unseen_runs: int = Field(description="automatic runs since a person looked")
    gainless_runs: int = Field(
        description="automatic runs in a row, the newest among them, that gained too little; what"
        " reset-backoff sets to 0"
    )
    not_before: Moment | None = Field(
        description="where cooldown and backoff end; null: nothing has started yet"
    )


class FallCause(StrEnum):
    """Why a score may have fallen."""

    PROVIDER_DRIFT = "provider_drift"
    TRAFFIC_DRIFT = "traffic_drift"
    LABELS_CHANGED = "labels_changed"


class FallEvidence(Schema):
    """A cause with its evidence."""

    cause: FallCause = Field(description="whether the model, the traffic or the labels changed")
    helps: bool = Field(description="could a run help?")
    evidence: str = Field(description="what it is known by, and what to do where no run helps")


class TriggerDecision(Schema):
    """One consideration: what was known, what was decided, and every reason. Considerations that
    end alike one after the other are one."""

    id: UUID = Field(description="of the decision")
    task: str = Field(description="the task considered")
    started: bool = Field(description="was a run started?")
    summary: str = Field(description="the decision in a sentence; times are UTC")
    reasons: list[str] = Field(description="every reason for or against; times are UTC")
    causes: list[FallEvidence] = Field(default=[], description="why the score may have fallen")
    live_f1: float | None = Field(
        default=None, description="of production by the audit, 0 to 1; null: unknown"
    )
    cases: int | None = Field(description="approved cases there were; null: nobody looked")
    dataset_hash: str | None = Field(description="SHA-256 of the data set there was; null: none")
    run_id: UUID | None = Field(description="the run that was started; null: none")
    decided_at: Moment = Field(description="when it was considered")
    times: int = Field(default=1, description="how often in a row it came out so")
    last_decided_at: Moment = Field(description="when it did so last")
