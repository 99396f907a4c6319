"""What each part of a prompt is for: who made it, which cases that fixed and broke, its price."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.rendered import BlockName


class Judged(StrEnum):
    """What became of a change. Cases of one that was kept, or rejected on validation, are
    validation cases; of one rejected at the gate, training cases."""

    KEPT = "kept"
    REJECTED_AT_GATE = "rejected_at_gate"
    REJECTED_ON_VALIDATION = "rejected_on_validation"
    UNKNOWN = "unknown"


class BlamedChange(Schema):
    """One step of the lineage. What it fixed and broke was measured on all its parts together."""

    n: int = Field(description="from 1, the oldest first")
    version_id: UUID = Field(description="the version it made")
    run_id: UUID | None = Field(description="the run that proposed it; null: imported")
    iteration: int | None = Field(description="of the run that proposed it")
    judged: Judged = Field(description="what became of it")
    parts: list[str] = Field(description="what it made, edited or removed; they share its cases")
    fixed: list[UUID] = Field(description="cases it answered right, and its parent did not")
    broke: list[UUID] = Field(description="cases its parent answered right, and it did not")


class BlamedPart(Schema):
    """A block, an example or the bank of the prompt. Its cases are those of the changes that
    touched it."""

    name: str = Field(description="as in `parts` of the changes")
    block: BlockName | None = Field(description="name of the block; null: it is none")
    example: int | None = Field(description="its index, from 0")
    case_id: UUID | None = Field(description="the case an example quotes")
    bank: int | None = Field(
        default=None, description="how many examples are chosen from; null: it is no bank"
    )
    tokens: int = Field(description="about, rounded up: what each call pays for it, at most")
    made_by: int | None = Field(description="number of a change; None: imported")
    edited_by: list[int] = Field(description="numbers of the changes that edited it")
    is_shared: bool = Field(description="one of its changes touched other parts too")
    fixed: list[UUID] = Field(description="cases its changes fixed")
    broke: list[UUID] = Field(description="cases its changes broke")
    net: int = Field(description="cases fixed less cases broken, over all its changes")


class Blame(Schema):
    """A prompt taken apart, and the changes that led to it."""

    version_id: UUID = Field(description="the version taken apart")
    tokens: int = Field(description="of the whole prompt, about")
    parts: list[BlamedPart] = Field(description="its blocks, its examples, then its bank")
    changes: list[BlamedChange] = Field(
        description="from the oldest to the one that made this version"
    )
