"""Alert rules, their incidents and notices as they travel. Addresses and secrets go in, never out.

Shares and values are fractions unless said otherwise; times are whole minutes.
"""

import re
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from nlu_shared.schemas.base import Fraction, Label, Moment, Schema, Slug

LONGEST_MINUTES = 60 * 24 * 30
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}")


class Notice(StrEnum):
    OPENED = "opened"
    RECOVERED = "recovered"


class DeliveryStatus(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


def _signing(secret: SecretStr) -> SecretStr:
    if not _WEBHOOK_SECRET.fullmatch(secret.get_secret_value()):
        raise ValueError("must be whsec_ and base64 of 24 to 64 bytes")
    return secret


Url = Annotated[SecretStr, Field(min_length=1, max_length=2_000)]
_WORD = r"[A-Za-z0-9_%+'-]+"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
Address = Annotated[
    str,
    StringConstraints(
        pattern=rf"^{_WORD}(\.{_WORD})*@{_HOST}(\.{_HOST})*$",
        max_length=254,
    ),
]
"""The addresses people have; not all that RFC 5322 allows, lest a mail's header misread one."""
OneLine = Annotated[Label, StringConstraints(pattern=r"^[^\x00-\x1f\x7f\x85\u2028\u2029]+$")]
"""A name that stands in a mail's subject: no control characters."""
Minutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES)]
Threshold = Annotated[float, Field(gt=0, le=1)]


class SlackChannel(Schema):
    """An incoming webhook of Slack, or of what understands the same."""

    kind: Literal["slack"]
    url: Url


class EmailChannel(Schema):
    kind: Literal["email"]
    to: Annotated[list[Address], Field(min_length=1, max_length=20)]


class WebhookChannel(Schema):
    """Any receiver. Posts are signed as standardwebhooks.com says; `secret` is `whsec_…`."""

    kind: Literal["webhook"]
    url: Url
    secret: Annotated[SecretStr, AfterValidator(_signing)]


Channel = Annotated[SlackChannel | EmailChannel | WebhookChannel, Field(discriminator="kind")]


class ChannelView(Schema):
    """Where notices go; of a webhook only the host is shown."""

    kind: Literal["slack", "email", "webhook"]
    to: str


class _Rule(Schema):
    """`task` None means all of them. An incident opens at the earliest `cooldown_minutes` after
    the last one ended; fewer than `min_count` decide nothing."""

    name: OneLine
    task: Slug | None = None
    window_minutes: Minutes = 60
    min_count: Annotated[int, Field(ge=1)] = 50
    cooldown_minutes: Annotated[int, Field(ge=0, le=LONGEST_MINUTES)] = 60


class ErrorRate(_Rule):
    """Failed ÷ all outcomes of the predictions made in the window reaches `threshold`."""

    kind: Literal["error_rate"]
    threshold: Threshold = 0.1


class LowConfidenceShare(_Rule):
    """The share of predictions with a confidence under `below` reaches `threshold`."""

    kind: Literal["low_confidence_share"]
    threshold: Threshold = 0.3
    below: Fraction = 0.7


class Drift(_Rule):
    """The population stability index of the intents reaches `threshold`, and more than chance
    would: the window against the `reference_minutes` before it. 0.1 is commonly called some
    change, 0.25 much."""

    kind: Literal["drift"]
    threshold: Annotated[float, Field(gt=0, le=100)] = 0.25
    window_minutes: Minutes = 60 * 24
    reference_minutes: Minutes = 60 * 24 * 7


class IngestSilence(_Rule):
    """No prediction in the window, though the `reference_minutes` before it had `min_count`."""

    kind: Literal["ingest_silence"]
    window_minutes: Minutes = 15
    reference_minutes: Minutes = 60 * 24


Rule = Annotated[
    ErrorRate | LowConfidenceShare | Drift | IngestSilence, Field(discriminator="kind")
]


class AlertIn(Schema):
    rule: Rule
    channels: Annotated[list[Channel], Field(min_length=1, max_length=10)]


class Alert(Schema):
    id: UUID
    rule: Rule
    channels: list[ChannelView]
    created_at: Moment
    looked_at: Moment | None
    open_since: Moment | None


class Delivery(Schema):
    """One notice on its way to one channel. `reason` says why the last attempt failed."""

    id: UUID
    notice: Notice
    channel: ChannelView
    status: DeliveryStatus
    attempts: int
    reason: str | None
    sent_at: Moment | None


class Incident(Schema):
    """`value` and `count` are what opened it: a share, an index or a silence, and of how many."""

    id: UUID
    opened_at: Moment
    value: float
    count: int
    recovered_at: Moment | None
    recovered_value: float | None
    deliveries: list[Delivery]


class AlertNotice(Schema):
    """What a receiver is told. It holds numbers and the rule, never a logged text."""

    notice: Notice
    alert_id: UUID
    incident_id: UUID
    rule: Rule
    value: float
    count: int
    at: Moment
