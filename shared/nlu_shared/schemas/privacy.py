"""What an erasure leaves behind: the cases to forget, and a receipt that names nobody."""

from enum import StrEnum
from uuid import UUID

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

    n: int
    mark: UUID
    case_id: UUID
    task: str
    why: Why
    at: Moment


class ForgottenCase(Schema):
    """What became of a case to forget: None for `forgotten_at` while a run uses it.

    `quoted_in` are prompt versions that still hold it; they are changed by people only.
    `mark` is its mark in nlu-logger's list; None where it was read before there were any.
    """

    n: int
    mark: UUID | None
    case_id: UUID
    task: str
    why: Why
    forgotten_at: Moment | None
    snapshots: int
    answers: int
    quoted_in: list[UUID]


class Disclosure(Schema):
    """An export that may hold rows of the person: who got it, or where it lies."""

    id: UUID
    at: Moment
    kind: str
    recipient: str
    destination: str | None


class ErasureReceipt(Schema):
    """What went, and what is out of reach. `person` is a pseudonym, the same for one person."""

    id: UUID
    at: Moment
    person: str
    removed: dict[str, int]
    erased_cases: list[UUID]
    shared_cases_kept: int
    disclosures: list[Disclosure]
    out_of_reach: list[str]
