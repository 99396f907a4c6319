"""When a run starts by itself, and the stored reasons why it did or did not."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Moment, Schema, Slug


class AutoTrigger(Schema):
    """Off unless somebody switches it on, task by task."""

    enabled: bool = False
    min_cases: int = Field(default=20, ge=1, description="approved cases before a run is worth it")
    min_new_cases: int = Field(default=10, ge=0, description="cases since the last run's snapshot")
    cooldown_hours: float = Field(
        default=24, ge=0, le=87_600, description="hours since the last start, ten years at most"
    )


class AutoTriggerIn(AutoTrigger):
    task: Slug


class TriggerDecision(Schema):
    """One consideration: what was known, what was decided, and every reason."""

    id: UUID
    task: str
    started: bool
    reasons: list[str]
    cases: int
    dataset_hash: str | None
    run_id: UUID | None
    decided_at: Moment
