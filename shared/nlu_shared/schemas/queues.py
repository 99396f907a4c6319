"""What waits for a reviewer: the queues, their items, claims on them, and doubts about truths."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from nlu_shared.schemas.base import Fraction, Moment, Note, SafeJson, Schema, Slug
from nlu_shared.schemas.predictions import Prediction

LONGEST_LIST = 1_000
MOST_CLAIMED = 100


class Queue(StrEnum):
    """The queues whose items are predictions."""

    LOW_CONFIDENCE = "low-confidence"
    FAILED_WORKFLOW = "failed-workflow"
    LABEL_NEXT = "label-next"
    AUDIT = "audit"


class QueueFilters(Schema):
    """What a look at a queue keeps; `threshold` bounds the confidence where a queue asks for it."""

    threshold: Fraction = 0.7
    limit: Annotated[int, Field(ge=1, le=LONGEST_LIST)] = 100
    task: Slug | None = None


class ClaimIn(QueueFilters):
    """Hold up to `limit` items for `minutes`, counted by the database's clock."""

    limit: Annotated[int, Field(ge=1, le=MOST_CLAIMED)] = 10
    minutes: Annotated[float, Field(gt=0, le=1_440)] = 30


class Claim(Schema):
    """Nobody else is offered the item until then."""

    id: UUID
    claimed_by: str
    claimed_until: Moment


class Score(Schema):
    """Why label-next put an item where it is: the product of three fractions."""

    score: Fraction
    uncertainty: Fraction
    traffic: Fraction
    diversity: Fraction


class QueueItem(Prediction):
    """`claim` is set while somebody holds the item, `why` in label-next alone."""

    claim: Claim | None = None
    why: Score | None = None


class FindingIn(Schema):
    """A doubt about an approved truth, from whoever measured it: `case_id` is the ground truth's.

    `kind` names the measure ("always-missed"); `suggested` is the truth it points to, if any.
    """

    case_id: UUID
    kind: Slug
    note: Note = ""
    suggested: SafeJson = None


class FindingsIn(Schema):
    findings: Annotated[list[FindingIn], Field(min_length=1, max_length=1_000)]


class FindingResult(Schema):
    """201: it is new; 200: it was known; 404: there is no such case."""

    index: int
    status: int


class FindingsTaken(Schema):
    items: list[FindingResult]


class LabelIssue(Schema):
    """One reason to look again. `cases` are the ground-truth cases it sets against this one."""

    kind: str
    note: str = ""
    suggested: JsonValue = None
    cases: list[UUID] = []


class SuspiciousCase(Schema):
    """An approved case that may be wrong; `prediction_id` is one that it came from, if any."""

    id: UUID
    task: str
    text: str
    truth: JsonValue
    approved_by: str
    prediction_id: UUID | None
    label_issues: list[LabelIssue]
    claim: Claim | None = None
