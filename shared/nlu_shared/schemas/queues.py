"""What waits for a reviewer: the queues, their items, claims on them, and doubts about truths."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, JsonValue

from nlu_shared.schemas.base import Body, Fraction, Moment, Note, SafeJson, Schema, Slug
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

    threshold: Fraction = Field(
        default=0.7, description="low-confidence lists what is less sure than this"
    )
    limit: Annotated[int, Field(ge=1, le=LONGEST_LIST, description="most items of one answer")] = (
        100
    )
    task: Slug | None = Field(
        default=None, description="of this task alone; null: of all the caller may see"
    )


class ClaimIn(Body, QueueFilters):
    """Hold up to `limit` items for `minutes`, counted by the database's clock."""

    limit: Annotated[int, Field(ge=1, le=MOST_CLAIMED, description="most items to hold")] = 10
    minutes: Annotated[float, Field(gt=0, le=1_440, description="how long to hold them")] = 30


class Claim(Schema):
    """Nobody else is offered the item until then."""

    id: UUID = Field(description="names the claim in paths")
    claimed_by: str = Field(description="subject of who holds it")
    claimed_until: Moment = Field(description="when it is offered to others again")


class Score(Schema):
    """Why label-next put an item where it is: the product of three fractions."""

    score: Fraction = Field(description="the product of the three")
    uncertainty: Fraction = Field(description="how unsure the model was")
    traffic: Fraction = Field(description="how common such texts are")
    diversity: Fraction = Field(description="how unlike it is what stands before it")


class QueueItem(Prediction):
    """`claim` is set while somebody holds the item, `why` in label-next alone."""

    claim: Claim | None = Field(default=None, description="who holds the item; null: nobody")
    why: Score | None = Field(
        default=None, description="of label-next: why it stands where it does; else null"
    )


class FindingIn(Body):
    """A doubt about an approved truth, from whoever measured it: `case_id` is the ground truth's.

    `kind` names the measure ("always-missed"); `suggested` is the truth it points to, if any.
    """

    case_id: UUID = Field(description="the ground-truth case")
    kind: Slug = Field(description="names the measure, such as always-missed")
    note: Note = Field(default="", description="what a reviewer should know")
    suggested: SafeJson = Field(default=None, description="the truth it points to; null: none")


class FindingsIn(Body):
    """Doubts about approved truths."""

    findings: Annotated[
        list[FindingIn],
        Field(min_length=1, max_length=1_000, description="each gets a result of its own"),
    ]


class FindingResult(Schema):
    """201: it is new; 200: it was known; 404: there is no such case."""

    index: int = Field(description="of the finding, from 0 in the order sent")
    status: int = Field(description="201 new, 200 known, 404 no such case")


class FindingsTaken(Schema):
    """What became of the doubts."""

    items: list[FindingResult] = Field(description="one for each finding, in the order sent")


class LabelIssue(Schema):
    """One reason to look again. `cases` are the ground-truth cases it sets against this one."""

    kind: str = Field(description="names the measure, such as always-missed")
    note: str = Field(default="", description="what a reviewer should know")
    suggested: JsonValue = Field(default=None, description="the truth it points to; null: none")
    cases: list[UUID] = Field(default=[], description="ground-truth cases it sets against this one")


class SuspiciousCase(Schema):
    """An approved case that may be wrong; `prediction_id` is one that it came from, if any."""

    id: UUID = Field(description="the ground-truth case")
    task: str = Field(description="the task it is a case of")
    text: str = Field(description="what a model is to read")
    truth: JsonValue = Field(description="what stands approved")
    approved_by: str = Field(description="subject of who approved it")
    prediction_id: UUID | None = Field(
        description="a prediction it came from; null: it was imported"
    )
    label_issues: list[LabelIssue] = Field(description="every reason to look again")
    claim: Claim | None = Field(default=None, description="who holds the item; null: nobody")
