"""The prompts that a run tried, as it tells of them."""

from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.steering import ApprovalView


class ChosenCandidate(Schema):
    """What a person wants tried."""

    candidate: UUID | None = Field(
        default=None,
        description="to improve: a version to try in place of proposals, by the same gates, to a"
        " verdict",
    )


class Cost(Schema):
    """Of a change, or of those that ended at once."""

    calls: int = Field(
        description="since the change before ended, those that were asked ahead included; of the"
        " first change with the baseline's"
    )
    usd: float = Field(description="of them, in dollars")
    changes: int = Field(description="that share this cost, since they were tried together")


class IterationView(Schema):
    n: int = Field(description="of the change, from 1")
    iteration: int = Field(
        default=0, description="in which it was tried, from 1; the rungs of the ladder share one"
    )
    strategy: str | None = Field(description="A examples, B instructions, C both, as proposed")
    rationale: str | None = Field(description="why its proposer expected a gain")
    outcome: str = Field(description="what became of the candidate")
    reason: str | None = Field(description="why it was rejected")
    validation_f1: float | None = Field(description="its objective there, 0 to 1, if measured")
    fixed: int | None = Field(description="cases it answered right, and the best before did not")
    broke: int | None = Field(description="cases the best before answered right, and it did not")
    version_id: UUID | None = Field(description="the candidate; null: it was not stored")
    cost: Cost | None = Field(
        default=None, description="what it took; null while it is open, or of older runs"
    )
    approval: ApprovalView | None = Field(
        default=None, description="of a person, where changes wait for one; null: it did not wait"
    )


class FrontView(Schema):
    """A prompt that scores higher on validation than all that are shorter."""

    version_id: UUID = Field(description="the version")
    tokens: int = Field(
        description="of all of a request but the text it asks about, as the model counts, about"
    )
    examples: int = Field(description="how many it shows")
    bank: int = Field(
        default=0, description="and how many it chooses from, those nearest to each text"
    )
    validation_f1: float = Field(description="its objective there, 0 to 1")
    is_best: bool = Field(description="is it the one that ranked highest before tokens counted?")
    is_winner: bool = Field(
        description="is it the winner: the cheapest of those within the noise of the best?"
    )
