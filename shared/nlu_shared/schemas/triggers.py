"""When a run starts by itself, and the stored reasons why it did or did not."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Body, Moment, Schema, Slug


class AutoTrigger(Schema):
    """Off unless somebody switches it on, task by task."""

    enabled: bool = Field(default=False, description="do runs of this task start by themselves?")
    min_cases: int = Field(default=20, ge=1, description="approved cases before a run is worth it")
    min_new_cases: int = Field(default=10, ge=0, description="cases since the last run's snapshot")
    cooldown_hours: float = Field(
        default=24, ge=0, le=87_600, description="hours since the last start, ten years at most"
    )


class AutoTriggerIn(Body, AutoTrigger):
    """The switch of one task."""

    task: Slug = Field(description="whose switch it is")


class TriggerDecision(Schema):
    """One consideration: what was known, what was decided, and every reason."""

    id: UUID = Field(description="of the decision")
    task: str = Field(description="the task considered")
    started: bool = Field(description="was a run started?")
    reasons: list[str] = Field(description="every reason for or against")
    cases: int = Field(description="approved cases there were")
    dataset_hash: str | None = Field(description="SHA-256 of the data set there was; null: none")
    run_id: UUID | None = Field(description="the run that was started; null: none")
    decided_at: Moment = Field(description="when it was considered")
