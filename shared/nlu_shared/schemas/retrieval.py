"""Examples chosen for each request from a bank: by which selector, how many, of how many
characters."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Body

MOST_BANKED = 2_000
"""Examples of one bank."""
MOST_RETRIEVED = 64
"""Examples of one request that come from a bank."""


class Selector(StrEnum):
    """What chooses, and its version: the same name always chooses the same."""

    BM25_1 = "bm25/1"


class RetrievalSettings(Body):
    """How examples are chosen from a bank."""

    selector: Selector = Field(description="what chooses, and its version")
    k: int = Field(ge=1, le=MOST_RETRIEVED, description="examples a request shows, at most")
    per_answer: int = Field(
        ge=1, le=MOST_RETRIEVED, description="of them, with the same answer, at most"
    )
    max_characters: int = Field(
        ge=1, le=400_000, description="of the chosen lines together, at most"
    )

    @property
    def settings(self) -> "RetrievalSettings":
        """These alone."""
        return RetrievalSettings(
            selector=self.selector,
            k=self.k,
            per_answer=self.per_answer,
            max_characters=self.max_characters,
        )


class RetrievalEdit(RetrievalSettings):
    """The whole retrieval part of a prompt after a change."""

    kept: tuple[int, ...] = Field(
        default=(), max_length=MOST_BANKED, description="indices into the bank before, from 0"
    )
    cases: tuple[UUID, ...] = Field(
        default=(), max_length=MOST_BANKED, description="the cases the bank quotes after these"
    )
