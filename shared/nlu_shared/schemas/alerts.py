"""Alert rules, their incidents and notices as they travel.

Shares and values are fractions unless said otherwise; times are whole minutes.
"""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, WithJsonSchema

from nlu_shared.schemas.base import ONE_LINE, Body, Fraction, Label, Moment, Schema, Slug
from nlu_shared.schemas.channels import Channel, ChannelView, DeliveryStatus

LONGEST_MINUTES = 60 * 24 * 30


class Notice(StrEnum):
    """What a notice tells: an incident opened, or ended."""

    OPENED = "opened"
    RECOVERED = "recovered"


OneLine = Annotated[
    Label,
    StringConstraints(pattern=ONE_LINE),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 200, "pattern": ONE_LINE}),
]
"""A name that stands in a mail's subject: no control characters."""
Minutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES)]
Threshold = Annotated[float, Field(gt=0, le=1)]


class _Rule(Body):
    """`task` None means all of them. An incident opens at the earliest `cooldown_minutes` after
    the last one ended; fewer than `min_count` decide nothing."""

    name: OneLine = Field(description="stands in the notices")
    task: Slug | None = Field(
        default=None, description="whose predictions are watched; null: every task's"
    )
    window_minutes: Minutes = Field(default=60, description="how far back each look goes")
    min_count: Annotated[
        int, Field(ge=1, description="fewer predictions or outcomes than this decide nothing")
    ] = 50
    cooldown_minutes: Annotated[
        int,
        Field(
            ge=0,
            le=LONGEST_MINUTES,
            description="least minutes from the end of one incident to the next",
        ),
    ] = 60


class ErrorRate(_Rule):
    """Failed ÷ all outcomes of the predictions made in the window reaches `threshold`."""

    kind: Literal["error_rate"] = Field(description="workflows fail too often")
    threshold: Threshold = Field(
        default=0.1, description="failed ÷ all outcomes at which an incident opens"
    )


class LowConfidenceShare(_Rule):
    """The share of predictions with a confidence under `below` reaches `threshold`."""

    kind: Literal["low_confidence_share"] = Field(description="too many predictions are unsure")
    threshold: Threshold = Field(
        default=0.3, description="share of unsure predictions at which an incident opens"
    )
    below: Fraction = Field(default=0.7, description="a confidence under this is unsure")


class Drift(_Rule):
    """The population stability index of the intents reaches `threshold`, and more than chance
    would: the window against the `reference_minutes` before it. 0.1 is commonly called some
    change, 0.25 much."""

    kind: Literal["drift"] = Field(description="the intents of the traffic change")
    threshold: Annotated[
        float,
        Field(gt=0, le=100, description="population stability index at which an incident opens"),
    ] = 0.25
    window_minutes: Minutes = Field(default=60 * 24, description="how far back each look goes")
    reference_minutes: Minutes = Field(
        default=60 * 24 * 7, description="the minutes before the window, with which it is compared"
    )


class IngestSilence(_Rule):
    """No prediction in the window, though the `reference_minutes` before it had `min_count`."""

    kind: Literal["ingest_silence"] = Field(description="nothing is logged any more")
    window_minutes: Minutes = Field(default=15, description="minutes without a prediction")
    reference_minutes: Minutes = Field(
        default=60 * 24, description="the minutes before the window, which must hold `min_count`"
    )


Rule = Annotated[
    ErrorRate | LowConfidenceShare | Drift | IngestSilence, Field(discriminator="kind")
]


class AlertIn(Body):
    """A rule, and where its notices go."""

    rule: Rule = Field(description="when an incident opens")
    channels: Annotated[
        list[Channel], Field(min_length=1, max_length=10, description="where its notices go")
    ]


class Alert(Schema):
    """An alert as it stands."""

    id: UUID = Field(description="names the alert in paths")
    rule: Rule = Field(description="when an incident opens")
    channels: list[ChannelView] = Field(description="where its notices go")
    created_at: Moment = Field(description="when it was made")
    looked_at: Moment | None = Field(description="when the rule was last looked at; null: not yet")
    open_since: Moment | None = Field(
        description="when its open incident began; null: none is open"
    )


class Delivery(Schema):
    """One notice on its way to one channel. `reason` says why the last attempt failed."""

    id: UUID = Field(description="the same for every attempt")
    notice: Notice = Field(description="what it tells")
    channel: ChannelView = Field(description="where it goes")
    status: DeliveryStatus = Field(description="how far it got")
    attempts: int = Field(description="how often it was tried")
    reason: str | None = Field(description="why the last attempt failed; null: none did")
    sent_at: Moment | None = Field(description="when it arrived; null: not yet")


class Incident(Schema):
    """`value` and `count` are what opened it: a share, an index or a silence, and of how many."""

    id: UUID = Field(description="of the incident")
    opened_at: Moment = Field(description="when the rule was first met")
    value: float = Field(description="share or index that opened it; 1 for a silence")
    count: int = Field(description="predictions or outcomes that the value is of")
    recovered_at: Moment | None = Field(
        description="when the rule was no longer met; null: it is open"
    )
    recovered_value: float | None = Field(description="the value then; null while it is open")
    deliveries: list[Delivery] = Field(description="one for each notice and channel")


class IncidentInBrief(Schema):
    """An incident for a summary of a week: numbers, the rule and a label."""

    id: UUID = Field(description="of the incident")
    rule: Rule = Field(description="that was met")
    opened_at: Moment = Field(description="when it was first met")
    recovered_at: Moment | None = Field(description="when it was met no longer; null: it is open")
    value: float = Field(description="share or index that opened it; 1 for a silence")
    count: int = Field(description="predictions or outcomes that the value is of")
    intent: str | None = Field(description="what moved or failed most; null: not one of them")


class AlertNotice(Schema):
    """What a receiver is told. It holds numbers, the rule and a label, never a logged text."""

    notice: Notice
    alert_id: UUID
    incident_id: UUID
    rule: Rule
    value: float
    count: int
    at: Moment
    intent: str | None = Field(
        default=None, description="what moved or failed most as it opened; null: not one of them"
    )
    link: str | None = Field(
        default=None, description="to the dashboard; null: no public address is set"
    )
