"""What changed from one prompt to another, block by block and line by line."""

from enum import StrEnum

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.prompts import Example
from nlu_shared.schemas.rendered import BlockName
from nlu_shared.schemas.retrieval import RetrievalSettings


class ChangeType(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Hunk(Schema):
    """Lines that changed and up to three around them."""

    before_line: int = Field(description="its first line before, from 1")
    after_line: int = Field(description="its first line after, from 1")
    lines: list[str] = Field(description="led by a space, - or +")


class BlockDiff(Schema):
    """A block that is not the same on both sides; without hunks only its protection changed."""

    name: BlockName = Field(description="of the block")
    change_type: ChangeType = Field(description="what became of it")
    was_protected: bool | None = Field(description="before; null: it was not there")
    is_protected: bool | None = Field(description="after; null: it is gone")
    hunks: list[Hunk] = Field(description="lines that changed, with those around them")


class RetrievalDiff(Schema):
    """What became of the bank that examples are chosen from, and of how they are chosen."""

    change_type: ChangeType = Field(description="what became of it")
    before: RetrievalSettings | None = Field(description="how they were chosen; null: none were")
    after: RetrievalSettings | None = Field(description="how they are chosen; null: none are")
    examples_before: int = Field(description="how many the bank held")
    examples_after: int = Field(description="how many it holds")
    examples_added: int = Field(description="that it did not hold")
    examples_removed: int = Field(description="that it holds no more")
    is_reordered: bool = Field(description="those that both hold stand in another order")


class PromptDiff(Schema):
    """What must be done to one prompt to get another. Equal blocks and examples are left out."""

    blocks: list[BlockDiff] = Field(description="those that are not the same on both sides")
    is_reordered: bool = Field(
        description="blocks, or examples, that both hold stand in another order"
    )
    examples_added: list[Example] = Field(description="in the order of the newer version")
    examples_removed: list[Example] = Field(description="in the order of the older version")
    retrieval: RetrievalDiff | None = Field(
        default=None,
        exclude_if=lambda retrieval: retrieval is None,
        description="what became of the examples that are chosen for each text; left out: nothing",
    )
    tokens_before: int = Field(description="of the older version, about")
    tokens_after: int = Field(description="of the newer version, about")
