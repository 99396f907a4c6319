"""What the forms of exports give. Pure."""

from typing import Annotated, Any, Literal
from uuid import UUID

from nlu_shared.schemas.base import Fraction, Schema, Slug
from nlu_shared.schemas.exports import ExportFormat, ScheduleIn
from pydantic import Field, StringConstraints

from nlu_logger.dashboard.wording import SLUG, TASK, Word

Line = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Days = Annotated[int, Field(ge=1, le=3_650)]
WORDS = {
    "name": Word("Name", f"a folder's name: {SLUG}"),
    "task": TASK,
    "days": Word("Days back", "a whole number from 1 to 3650, or nothing"),
    "threshold": Word("Threshold", "a number from 0 to 1"),
    "mode": Word("Rows", "one of the list"),
    "format": Word("Format", "one of the list"),
    "cron": Word("When", "one of the list"),
    "target": Word("To", "one of the list"),
    "splits": Word("Splits", "three whole numbers such as 80/10/10"),
    "what": Word("Splits", "rows to train from, as jsonl, or no splits"),
}
CRONS = {
    "0 3 * * 1": "Mondays at 3:00 UTC",
    "0 3 * * *": "every day at 3:00 UTC",
    "0 3 1 * *": "the first of each month at 3:00 UTC",
}


class ExportIn(Schema):
    """`threshold`: at least so sure (retraining), or less sure than this (review); none: usual."""

    mode: Literal["retraining", "review"] = "retraining"
    format: ExportFormat = ExportFormat.JSONL
    task: Slug | None = None
    days: Days | None = None
    threshold: Fraction | None = None
    approved_only: bool = False
    anonymise: bool = False


class NewScheduleIn(ExportIn):
    """An export that is written again and again."""

    name: Line = ""
    cron: Line = "0 3 * * 1"
    target: Literal["folder", "store"] = "folder"
    splits: Line | None = None

    def request(self) -> ScheduleIn:
        """Raises ValidationError."""
        kept = {"mode", "format", "task", "days", "threshold", "approved_only", "splits"}
        what: dict[str, Any] = self.model_dump(mode="json", include=kept)
        named = {"name": self.name, "cron": self.cron, "target": self.target}
        return ScheduleIn.model_validate({**named, "what": what})


class ScheduleId(Schema):
    schedule: UUID
