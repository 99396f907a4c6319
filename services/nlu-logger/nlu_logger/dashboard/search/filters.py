"""What a search asks for, and the address of one. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from nlu_shared.kit.pages.tables import Sort, Table
from nlu_shared.schemas.base import Fraction, Label, SafeText, Schema, Slug
from pydantic import AfterValidator, Field, StringConstraints

from nlu_logger.dashboard.wording import LABEL, MOMENT, TASK, UUID_WORD, Word


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


PREDICTIONS = "/dashboard/predictions"
At = Annotated[datetime, AfterValidator(_in_utc)]
"""A moment as a browser's field has it: without an offset it is in UTC."""
Words = Annotated[SafeText, StringConstraints(min_length=3, max_length=200)]


WORDS = {
    "text": Word("Text holds", "3 to 200 characters"),
    "task": TASK,
    "intent": Word("Intent", LABEL),
    "model_version": Word("Model version", LABEL),
    "prompt_version": Word("Prompt version", LABEL),
    "conversation": Word("Conversation id", UUID_WORD),
    "user": Word("User id", UUID_WORD),
    "truth": Word("What is right", LABEL),
    "since": Word("From", MOMENT),
    "until": Word("Before", MOMENT),
    "min_confidence": Word("Confidence from", "a number from 0 to 1"),
    "below": Word("Confidence below", "a number from 0 to 1"),
    "successful": Word("Workflow", "one of the list"),
    "ended": Word("Outcome", "one of the list"),
    "corrected": Word("Correction", "one of the list"),
    "audited": Word("Of the audit", "yes or no"),
    "sort": Word("The order", "the head of a column"),
    "before": Word("The page", UUID_WORD),
}


class SearchIn(Schema):
    """Each narrows what is found; `before` is where a page of it begins."""

    text: Words | None = None
    task: Slug | None = None
    intent: Label | None = None
    model_version: Label | None = None
    prompt_version: Label | None = None
    conversation: UUID | None = None
    user: UUID | None = None
    since: At | None = None
    until: At | None = None
    min_confidence: Fraction | None = None
    below: Annotated[float, Field(ge=0, le=2)] | None = None
    successful: bool | None = None
    ended: bool | None = None
    corrected: bool | None = None
    audited: bool = False
    truth: Label | None = None
    sort: Sort | None = None
    before: UUID | None = None


COLUMNS = {
    "text": False, "intent": False, "confidence": False, "outcome": False, "task": False,
    "logged": True,
}  # fmt: skip


def table(filters: SearchIn) -> Table:
    parameters = filters.model_dump(exclude_defaults=True, exclude={"before", "sort"})
    return Table(PREDICTIONS, COLUMNS, "-logged", filters.sort, parameters | _moments(filters))


def _moments(filters: SearchIn) -> dict[str, str]:
    """As they stand in an address."""
    return {
        name: f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        for name, moment in (("since", filters.since), ("until", filters.until))
        if moment is not None
    }


def rows(*, since: datetime | None = None, until: datetime | None = None, **filters: Any) -> str:
    """The address of the rows behind a number; whole seconds, so that none is left out."""
    moments = {
        "since": since.replace(microsecond=0) if since else None,
        "until": until + timedelta(seconds=1, microseconds=-until.microsecond) if until else None,
    }
    written = {
        name: f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        for name, moment in moments.items()
        if moment is not None
    }
    words = {True: "yes", False: "no"}
    parameters = {
        name: words.get(one, one) if isinstance(one, bool) else one for name, one in filters.items()
    }
    kept = {name: one for name, one in (parameters | written).items() if one not in (None, "")}
    return f"{PREDICTIONS}?{urlencode(kept)}"


def rows_of_bucket(bucket: float, **filters: Any) -> str:
    """The rows whose confidence is rounded to this tenth."""
    least = round(bucket - 0.05, 2)
    return rows(min_confidence=max(0.0, least), below=round(bucket + 0.05, 2), **filters)
