"""What the forms of the inbox give. Pure."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from nlu_shared.schemas.base import Note, SafeText, Schema, Slug
from nlu_shared.schemas.labels import TruthLabel
from nlu_shared.schemas.queues import Queue
from nlu_shared.schemas.reviews import Settlement
from pydantic import BeforeValidator, StringConstraints

from nlu_logger.dashboard.inbox.memory import Quoting
from nlu_logger.dashboard.wording import Word

LONGEST_OUTPUT = 60_000
WORDS = {
    "label": Word("The label", "at most 200 characters"),
    "typed": Word("What is typed", "a label of at most 200 characters"),
    "note": Word("Note", "at most 8,192 characters"),
    "lines": Word("The labels", f"at most {LONGEST_OUTPUT:,} characters"),
    "output": Word("The right output", f"JSON of at most {LONGEST_OUTPUT:,} characters"),
}


def _each(values: Any) -> Any:
    """A box stands for all the items of one text."""
    return [one for value in values for one in str(value).split()]


class InboxQueue(StrEnum):
    """What waits for a reviewer: the queues of predictions, and what others have said of them."""

    LOW_CONFIDENCE = Queue.LOW_CONFIDENCE
    FAILED_WORKFLOW = Queue.FAILED_WORKFLOW
    LABEL_NEXT = Queue.LABEL_NEXT
    AUDIT = Queue.AUDIT
    PROPOSED = "proposed"
    SUSPICIOUS_LABEL = "suspicious-label"
    CONFLICTS = "conflicts"

    @property
    def heading(self) -> str:
        return {"proposed": "To approve", "suspicious-label": "Doubted labels"}.get(
            self, self.replace("-", " ").capitalize()
        )

    @property
    def is_of_predictions(self) -> bool:
        return self.value in tuple(Queue)


class Place(Schema):
    """Where in the inbox a reviewer is; `own`: what they proposed themselves is shown as well."""

    queue: InboxQueue = InboxQueue.LOW_CONFIDENCE
    task: Slug | None = None
    own: bool = False

    @property
    def query(self) -> str:
        task = f"&task={self.task}" if self.task else ""
        return f"?queue={self.queue}{task}{'&own=yes' if self.own else ''}"


class ItemIn(Place):
    """`quoting` is what approvals of this session allow, from now on too."""

    item: UUID
    quoting: Quoting = Quoting.TASK
    alike: Annotated[tuple[UUID, ...], BeforeValidator(_each)] = ()
    allow_new: bool = False


class LabelIn(ItemIn):
    """What an item is: a `label` that was offered, what was `typed`, an `output` as JSON, or what
    the model said (`is_right`). `approves`: it is ground truth at once."""

    label: TruthLabel | None = None
    typed: TruthLabel | None = None
    output: Annotated[SafeText, StringConstraints(max_length=LONGEST_OUTPUT)] | None = None
    is_right: bool = False
    note: Note | None = None
    approves: bool = False

    @property
    def may_be_second(self) -> bool:
        """May others have labelled it before? The audit has two coders."""
        return self.queue is InboxQueue.AUDIT


class DefineIn(LabelIn):
    """The labels of a task that nobody has defined, a line each, from the page of one item."""

    of: Slug
    lines: Annotated[SafeText, StringConstraints(max_length=LONGEST_OUTPUT)] | None = None


class DecisionIn(ItemIn):
    """What becomes of a correction."""

    verdict: Literal["approve", "reject"]


class DoubtIn(ItemIn):
    """What becomes of an approved case that is doubted."""

    verdict: Literal["clear", "withdraw"]


class SettlementIn(ItemIn):
    """Which truth of two is left."""

    verdict: Settlement


class SkipIn(ItemIn):
    """An item that somebody else may look at; the session's switches stay as they are set."""

    approves: bool | None = None


class UndoIn(Place):
    """The latest step; None: the session's switches are as they were."""

    quoting: Quoting | None = None
    approves: bool | None = None
