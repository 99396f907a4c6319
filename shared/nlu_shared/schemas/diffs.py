"""What changed between two prompts, block by block and line by line."""

from enum import StrEnum

from pydantic import Field

from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.prompts import BlockName, Example


class BlockFate(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Hunk(Schema):
    """Lines that changed and up to three around them, each led by a space, `-` or `+`.

    The numbers are those of its first line on either side, from 1.
    """

    before_line: int
    after_line: int
    lines: list[str]


class BlockDiff(Schema):
    """A block that is not the same on both sides; without hunks only its protection changed."""

    name: BlockName
    fate: BlockFate
    was_protected: bool | None
    is_protected: bool | None
    hunks: list[Hunk]


class PromptDiff(Schema):
    """What must be done to one prompt to get another. Equal blocks and examples are left out."""

    blocks: list[BlockDiff]
    is_reordered: bool = Field(
        description="blocks, or examples, that both hold stand in another order"
    )
    examples_added: list[Example]
    examples_removed: list[Example]
    tokens_before: int
    tokens_after: int
