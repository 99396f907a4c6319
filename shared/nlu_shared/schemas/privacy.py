"""What an erasure leaves behind: the cases to forget, and a receipt that names nobody."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from nlu_shared.schemas.base import Moment, Schema


class Why(StrEnum):
    """Why a case's text is to be forgotten. An anonymised case lives on without its old text."""

    ERASED = "erased"
    REMOVED = "removed"
    ANONYMISED = "anonymised"


class ErasedCase(Schema):
    """`n` only grows: whoever has read up to n asks for what came after it.

    A backup that is set back gives the same numbers to other cases, never the same marks: whoever
    shows the mark of n as well is told when the list is not the one that was read.
    """

    n: int = Field(description="number in the list, growing; `after` of the next question")
    mark: UUID = Field(description="of this entry alone; `mark` of the next question")
    case_id: UUID = Field(description="the ground-truth case")
    task: str = Field(description="the task it was a case of")
    why: Why = Field(description="why its text is to be forgotten")
    at: Moment = Field(description="when it was taken out")


class ForgottenCase(Schema):
    """What became of a case to forget: None for `forgotten_at` while a run uses it.

    `quoted_in` are prompt versions that still hold it; they are changed by people only.
    `mark` is its mark in nlu-logger's list; None where it was read before there were any.
    """

    n: int = Field(description="number in nlu-logger's list")
    mark: UUID | None = Field(
        description="its mark in that list; null: it was read before there were any"
    )
    case_id: UUID = Field(description="the ground-truth case")
    task: str = Field(description="the task it was a case of")
    why: Why = Field(description="why its text was to be forgotten")
    forgotten_at: Moment | None = Field(description="when that was done; null while a run uses it")
    snapshots: int = Field(description="data sets it was taken out of")
    answers: int = Field(description="stored model answers that were deleted")
    quoted_in: list[UUID] = Field(
        description="prompt versions that still quote it, for a person to replace"
    )


class Disclosure(Schema):
    """An export that may hold rows of the person: who got it, or where it lies."""

    id: UUID = Field(description="of the export")
    at: Moment = Field(description="when it was made")
    kind: str = Field(description="which export, such as retraining")
    recipient: str = Field(description="who got it")
    destination: str | None = Field(
        description="where the file lies; null: it was sent to the caller"
    )


class ErasureReceipt(Schema):
    """What went, and what is out of reach. `person` is a pseudonym, the same for one person."""

    id: UUID = Field(description="of the receipt")
    at: Moment = Field(description="when the person was erased")
    person: str = Field(description="a pseudonym, the same for one person")
    removed: dict[str, int] = Field(description="rows removed, by table")
    erased_cases: list[UUID] = Field(description="ground-truth cases that were only theirs")
    shared_cases_kept: int = Field(description="cases kept, since they rest on others as well")
    disclosures: list[Disclosure] = Field(description="exports that may hold their rows")
    out_of_reach: list[str] = Field(
        description="where copies may be that no service can reach, such as backups"
    )
