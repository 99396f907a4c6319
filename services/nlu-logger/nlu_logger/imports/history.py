"""A row of the original `nlu_prompt_logs` as a row of ours: its id, month, columns, hash. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from nlu_shared.ids import EPOCH, time_of, uuid7
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.imports import HistoryLine


@dataclass(frozen=True)
class Record:
    """What is stored of a line. Its id is made of its time and its old id: the same row has the
    same id in every import."""

    line: int
    row: HistoryLine
    task: str

    @cached_property
    def id(self) -> UUID:
        return uuid7(self.row.created_at, named=self.row.id)

    @cached_property
    def hash(self) -> str:
        return digest([self.task, self.row])

    @property
    def month(self) -> datetime:
        at = self.row.created_at.astimezone(UTC)
        return datetime(at.year, at.month, 1, tzinfo=UTC)

    def columns(self) -> dict[str, Any]:
        """The correction is not among them: it is said afterwards, as any correction is."""
        kept = self.row.model_dump(mode="json", exclude={"id", "created_at", "corrected_intent"})
        return {
            **kept,
            "id": str(self.id),
            "source_id": self.row.id,
            "task": self.task,
            "created_at": time_of(self.id).isoformat(),
            "body_hash": self.hash,
        }


def fits(row: HistoryLine, *, latest: datetime) -> bool:
    """Whether its time can stand in an id: neither before 1970 nor in the future."""
    return EPOCH <= row.created_at <= latest
