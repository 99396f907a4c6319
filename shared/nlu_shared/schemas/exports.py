"""What leaves as training and review files, one row each, and the schedules that write them."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue, StringConstraints, model_validator

from nlu_shared.schemas.base import Body, Expectation, Fraction, Moment, Schema, Slug


class ExportFormat(StrEnum):
    """How a file is written."""

    JSONL = "jsonl"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class ExportedRow(Schema):
    """`label` is the standing correction where there is one, else what was predicted."""

    text: str = Field(description="what the user said")
    label: JsonValue = Field(
        description="the right answer: a label, or an object where answers are structured"
    )
    confidence: float | None = Field(
        description="how sure the model was of its own answer, 0 to 1; null: not known"
    )
    source: Literal["production"] = Field(
        default="production", description="where it comes from: always what was logged"
    )
    corrected: bool = Field(description="did a person correct it?")


class ReviewRow(Schema):
    """A prediction to look at; the reviewer fills the last two fields in."""

    id: str = Field(description="of the prediction, by which the filled-in file is read again")
    prompt: str = Field(description="what the user said")
    predicted_intent: str = Field(description="what the model answered")
    confidence: float = Field(description="how sure the model was, 0 to 1")
    created_at: str = Field(description="when it was made, ISO 8601")
    corrected_intent: str = Field(default="", description="empty, for the reviewer: what is right")
    notes: str = Field(default="", description="empty, for the reviewer: why")


class LabelledText(BaseModel):
    """What pairs are made of: any row that has a text and a label, whatever else it has."""

    text: str
    label: str
    corrected: bool = False


class Pair(Schema):
    """1: both texts carry one label. 0: two labels, though the texts look alike."""

    text_a: str = Field(description="one text")
    text_b: str = Field(description="the other")
    label: Literal[0, 1] = Field(description="1: of one label; 0: of two that look alike")


class ScheduledExport(Body):
    """What a schedule writes. `splits` ("80/10/10") makes a data-set folder of training rows."""

    mode: Literal["retraining", "review"] = Field(
        default="retraining",
        description="retraining: rows to learn from; review: predictions to look at",
    )
    format: ExportFormat = Field(default=ExportFormat.JSONL, description="of the file")
    days: Annotated[int, Field(ge=1, le=36_500)] | None = Field(
        default=None, description="how many days back the rows go; null: to the beginning"
    )
    task: Slug | None = Field(default=None, description="whose predictions; null: every task's")
    threshold: Fraction | None = Field(
        default=None,
        description="confidence from which (retraining) or under which (review); null: the default",
    )
    approved_only: bool = Field(
        default=False, description="leave out corrections that nobody has approved"
    )
    splits: Annotated[str, StringConstraints(pattern=r"^\d{1,3}/\d{1,3}/\d{1,3}$")] | None = Field(
        default=None,
        description="percent of train, validation and test, such as 80/10/10; null: one file",
    )

    @model_validator(mode="after")
    def _splits_are_lines(self) -> "ScheduledExport":
        if self.splits and (self.mode, self.format) != ("retraining", ExportFormat.JSONL):
            raise Expectation("training rows as jsonl, where splits are made")
        return self


class ScheduleIn(Body):
    """`cron` has five fields and speaks UTC. `name` is the folder below the configured target."""

    name: Slug = Field(description="the folder below the target")
    cron: Annotated[str, StringConstraints(max_length=100)] = Field(
        default="0 3 * * 1", description="five fields, in UTC; Mondays at three unless given"
    )
    target: Literal["folder", "store"] = Field(
        default="folder", description="where files go, of what the operator has configured"
    )
    what: ScheduledExport = Field(default=ScheduledExport(), description="what is written")


class Schedule(ScheduleIn):
    """`failed` is the kind of error of the last attempt, None after a run that worked."""

    id: UUID = Field(description="names the schedule in paths")
    next_scheduled_at: Moment = Field(description="when it writes next")
    failed: str | None = Field(description="kind of error of the last attempt; null: it worked")
    created_at: Moment = Field(description="when it was made")


class ScheduleRun(Schema):
    """One export that was written; `missed` ones before it were skipped while nobody worked."""

    scheduled_at: Moment = Field(description="the moment it was due")
    missed: int = Field(description="exports before it that nobody wrote")
    destination: str = Field(description="where its files lie")
    rows: int = Field(description="written, over all its files")
    bytes: int = Field(description="written, over all its files")
    sha256: str = Field(description="hex SHA-256 of the manifest")
    finished_at: Moment = Field(description="when it was written")


class ManifestFile(Schema):
    name: str
    rows: int
    bytes: int
    sha256: str


class Manifest(Schema):
    """Lies beside the files of an export. `columns` are their fields, in order."""

    schedule: str
    scheduled_at: Moment
    what: ScheduledExport
    columns: list[str]
    files: list[ManifestFile]
