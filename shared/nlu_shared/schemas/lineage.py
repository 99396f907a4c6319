"""Where a version came from, and the changes of it that failed."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Moment, Schema
from nlu_shared.schemas.prompts import Aim, Change, Edit, Strategy, VersionSource


class Ancestor(Schema):
    """A version in its task's lineage. One that no run made has no change; it has a parent where it
    was written by hand, or came in a bundle."""

    id: UUID = Field(description="names the version in paths")
    version_hash: str = Field(description="SHA-256 of all the model is told")
    parent_id: UUID | None = Field(description="the version it was made from; null: none")
    source: VersionSource = Field(description="where it came from")
    run_id: UUID | None = Field(description="the run that made it; null: imported")
    is_edited: bool = Field(default=False, description="did a person write it out of its parent?")
    notes: str | None = Field(
        default=None, description="why it was written or brought in, as was given with it"
    )
    iteration: int | None = Field(description="of the run that proposed it")
    change: Change | None = Field(description="what made it out of its parent")
    validation_f1: float | None = Field(description="as the version's own, 0 to 1; null: none")
    scorer: str | None = Field(description="what measured it; two scorers make no one line")
    labels_version: int | None = Field(
        default=None, description="of the label set it was measured with; two make no one line"
    )
    is_production: bool = Field(description="does it serve?")
    created_at: Moment = Field(description="when it was made")


class FailedIdea(Schema):
    """A change that runs refused after asking a model about it, told without its rationale."""

    version_id: UUID = Field(description="the version the change made")
    run_id: UUID = Field(description="the newest run that refused it")
    strategy: Strategy = Field(description="A examples, B instructions, C both")
    edits: tuple[Edit, ...] = Field(description="in the order they were made")
    aims: list[Aim] = Field(description="what it meant to correct")
    stage: str = Field(description="where it was refused: gate, validation or approval")
    reason: str = Field(description="why it was refused")
    runs: int = Field(description="how many runs refused it")
    fixed: int = Field(description="cases, over all these runs")
    broke: int = Field(description="cases, over all these runs")
    is_settled: bool = Field(description="later runs do not try it again on the same prompt")
    at: Moment = Field(description="when it was last refused")
