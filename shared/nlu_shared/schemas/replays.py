"""A replay of traffic as it is ordered, and as it is quoted: how it stands and what it found."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Body, Moment, Schema
from nlu_shared.schemas.runs import RunLimits, RunStatus
from nlu_shared.schemas.tasks import ModelName
from nlu_shared.schemas.traffic import MOST_REPLAYED, USUAL_REPLAYED, TrafficReplay


class ReplayIn(Body):
    """A replay as it is asked for; empty is a plain one."""

    predictions: int = Field(
        default=USUAL_REPLAYED,
        ge=1,
        le=MOST_REPLAYED,
        description="how many of the newest logged predictions",
    )
    model: ModelName | None = Field(default=None, description="answers; null: the task's")
    limits: RunLimits = Field(default=RunLimits(), description="promises that no call breaks")
    dry_run: bool = Field(default=False, description="only say what it could cost")


class VersionReplay(Schema):
    """One replay of a version."""

    run_id: UUID = Field(description="the run that made it, which is steered as any other")
    status: RunStatus = Field(description="how it stands")
    reason: str | None = Field(description="why it stands so")
    task_model: str = Field(description="who answered, as it was named")
    ordered: int = Field(description="logged predictions it was started on")
    created_at: Moment = Field(description="when it was asked for")
    completed_at: Moment | None = Field(description="when it ended; null: it goes on")
    replay: TrafficReplay | None = Field(description="what it found; null: nothing yet")
