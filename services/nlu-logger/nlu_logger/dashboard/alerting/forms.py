"""What the forms of alerts give, and rules in words. Pure."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from nlu_shared.schemas.alerts import (
    Alert,
    AlertIn,
    Drift,
    ErrorRate,
    IngestSilence,
    LowConfidenceShare,
    Rule,
)
from nlu_shared.schemas.base import Schema, Slug
from pydantic import StringConstraints

from nlu_logger.dashboard.search.filters import rows
from nlu_logger.dashboard.wording import TASK, Word

Line = Annotated[str, StringConstraints(max_length=2_000, strip_whitespace=True)]
WORDS = {
    "name": Word("Name", "one line of at most 200 characters"),
    "kind": Word("Tells when", "one of the list"),
    "task": TASK,
    "threshold": Word("From", "more than 0 and at most 100"),
    "window_minutes": Word("Within minutes", "a whole number from 1 to 43,200"),
    "min_count": Word("Of at least", "a whole number from 1"),
    "channel": Word("By", "mail, Slack or a signed webhook"),
    "to": Word(
        "To",
        "a mail address such as ann@example.org",
        each="address",
        empty="To is empty: say who is told.",
    ),
    "url": Word(
        "To",
        "the URL of a receiver, such as https://example.org/hook",
        empty="To is empty: say which URL is told.",
    ),
    "secret": Word("Secret of a webhook", "whsec_ and base64 of 24 to 64 bytes"),
}
"""Of the fields of a rule's form, and of what is made of them."""
KINDS = {
    "error_rate": "workflows fail too often",
    "low_confidence_share": "too many predictions are unsure",
    "drift": "the intents of the traffic change",
    "ingest_silence": "nothing is logged any more",
}
TO_DO = {
    "error_rate": "Look at the workflows that failed, the newest first.",
    "low_confidence_share": "Label some of the unsure ones: a new kind of request may have come.",
    "drift": "Look which intents grew; label some of them before the prompt is improved.",
    "ingest_silence": "See whether the backend still logs: its spool, its key, its errors.",
}


NEXT = {
    "error_rate": "review those that failed",
    "low_confidence_share": "label what is worth most",
    "drift": "see which intents grew",
    "ingest_silence": "see the last days",
}
"""Titles of where `link` leads."""


class NewAlertIn(Schema):
    """A rule as a form has it; a share in per cent, an index as it is, none: what is usual."""

    name: Line = ""
    kind: Literal["error_rate", "low_confidence_share", "drift", "ingest_silence"] = "error_rate"
    task: Slug | None = None
    threshold: float | None = None
    window_minutes: int | None = None
    min_count: int | None = None
    channel: Literal["slack", "email", "webhook"] = "email"
    to: Line = ""
    secret: Line | None = None

    def request(self) -> AlertIn:
        """Raises ValidationError."""
        rule: dict[str, Any] = {"name": self.name, "kind": self.kind, "task": self.task}
        share = self.threshold
        if share is not None and self.kind != "ingest_silence":
            rule["threshold"] = share if self.kind == "drift" else share / 100
        numbers = {"window_minutes": self.window_minutes, "min_count": self.min_count}
        rule |= {name: number for name, number in numbers.items() if number is not None}
        channel: dict[str, Any] = {"kind": self.channel}
        if self.channel == "email":
            channel["to"] = self.to.replace(",", " ").split()
        else:
            channel["url"] = self.to
        if self.channel == "webhook":
            channel["secret"] = self.secret or ""
        return AlertIn.model_validate({"rule": rule, "channels": [channel]})


class AlertId(Schema):
    alert: UUID


def words(rule: Rule) -> str:
    """When an incident opens."""
    match rule:
        case ErrorRate():
            when = f"{rule.threshold:.0%} of outcomes or more fail"
        case LowConfidenceShare():
            when = f"{rule.threshold:.0%} or more have a confidence below {rule.below:g}"
        case Drift():
            when = f"the intents' stability index reaches {rule.threshold:g}"
        case IngestSilence():
            return f"no prediction for {rule.window_minutes} minutes"
    return f"{when} within {rule.window_minutes} minutes, of {rule.min_count} at least"


def measured(rule: Rule, value: float, count: int) -> str:
    """What a look saw."""
    match rule:
        case ErrorRate():
            return f"{value:.1%} of {count:,} outcomes failed" if count else "no outcome yet"
        case LowConfidenceShare():
            share = f"{value:.1%} of {count:,} had a confidence below {rule.below:g}"
            return share if count else "no confidence yet"
        case Drift():
            index = f"a stability index of {value:.3f}, of {count:,} predictions"
            return index if count else "too few predictions to compare"
        case IngestSilence():
            silent = f"no prediction for {rule.window_minutes} minutes"
            return silent if value else "predictions arrive"


def rows_behind(rule: Rule, at: datetime) -> str:
    """The address of the predictions that a look at that moment counted, and of those since."""
    since = at - timedelta(minutes=rule.window_minutes)
    match rule:
        case ErrorRate():
            return rows(since=since, task=rule.task, successful=False)
        case LowConfidenceShare():
            return rows(since=since, task=rule.task, below=rule.below)
        case Drift():
            return rows(since=since, task=rule.task)
        case IngestSilence():
            return rows(until=at, task=rule.task)


def link(alert: Alert) -> str:
    """Where one goes on from an incident."""
    task = f"&task={alert.rule.task}" if alert.rule.task else ""
    match alert.rule.kind:
        case "error_rate":
            return f"/dashboard/review?queue=failed-workflow{task}"
        case "low_confidence_share":
            return f"/dashboard/review?queue=label-next{task}"
        case _:
            return f"/dashboard?days=7{task}"
