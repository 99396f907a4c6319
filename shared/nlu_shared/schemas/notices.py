"""Who hears of the end of a run or a week, and what they are told. Addresses and secrets go in,
never out."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, TypeVar
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from nlu_shared.schemas.alerts import IncidentInBrief
from nlu_shared.schemas.base import Body, Expectation, Moment, Schema, Slug
from nlu_shared.schemas.channels import Channel
from nlu_shared.schemas.migration import ModelComparison
from nlu_shared.schemas.reports import ReportedComponent
from nlu_shared.schemas.runs import RunKind, RunStatus
from nlu_shared.schemas.spending import Spend
from nlu_shared.schemas.triggers import TriggerDecision
from nlu_shared.schemas.verdicts import VerdictKind

CHANNEL: TypeAdapter[Channel] = TypeAdapter(Channel)


class NoticeEvent(StrEnum):
    """What a channel may be told of."""

    RUN_ENDED = "run_ended"
    WEEK_ENDED = "week_ended"


class ChannelKind(StrEnum):
    """How a report travels."""

    EMAIL = "email"
    SLACK = "slack"
    WEBHOOK = "webhook"


Named = TypeVar("Named", bound=StrEnum)


def _once(names: list[Named]) -> list[Named]:
    return list(dict.fromkeys(names))


class ChannelIn(Body):
    """Where reports go, and of which runs."""

    kind: ChannelKind = Field(description="how reports travel")
    target: Annotated[
        SecretStr,
        Field(
            min_length=1,
            max_length=5_000,
            description="of email the addresses, with commas between them; else the URL that is"
            " posted to, of which no more than the host is shown again",
        ),
    ]
    secret: SecretStr | None = Field(
        default=None,
        description="of a webhook, whsec_ and base64 of 24 to 64 bytes; signs each post. Null: one"
        " is made, and shown in this answer alone",
    )
    tasks: Annotated[list[Slug], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="whose runs are reported; null: those of every task"
    )
    events: Annotated[list[NoticeEvent], Field(min_length=1), AfterValidator(_once)] = Field(
        default=[NoticeEvent.RUN_ENDED],
        description="what is reported: each run that ended, each week (trigger decisions and"
        " alerts), or both",
    )
    run_kinds: Annotated[list[RunKind], Field(min_length=1), AfterValidator(_once)] = Field(
        default=[one for one in RunKind if one is not RunKind.CANARY],
        description="runs of these kinds; by default all but canaries, which run each night",
    )

    @model_validator(mode="after")
    def _fits(self) -> "ChannelIn":
        if self.secret is not None and self.kind is not ChannelKind.WEBHOOK:
            raise Expectation("secret for a webhook alone")
        return self


def channel(kind: ChannelKind, target: str, secret: str | None) -> Channel:
    """As it is sent to. Raises ValueError, in words without what was given."""
    match kind:
        case ChannelKind.EMAIL:
            address: dict[str, object] = {"to": [one.strip() for one in target.split(",")]}
        case ChannelKind.SLACK:
            address = {"url": target}
        case ChannelKind.WEBHOOK:
            address = {"url": target, "secret": secret}
    try:
        return CHANNEL.validate_python({"kind": kind.value, **address})
    except ValidationError as wrong:
        place = wrong.errors(include_input=False)[0]["loc"][1]
        raise ValueError(EXPECTED[str(place)]) from None


EXPECTED = {
    "to": "The target has to be 1 to 20 mail addresses with commas between them.",
    "url": "The target has to be a URL of at most 2,000 characters.",
    "secret": "The secret has to be whsec_ and base64 of 24 to 64 bytes.",
}


class ChannelState(Schema):
    """A channel, and how its reports got on."""

    id: UUID = Field(description="names the channel in paths")
    kind: ChannelKind = Field(description="how reports travel")
    target: str = Field(description="the addresses, or the host of the URL")
    tasks: list[str] | None = Field(description="whose runs are reported; null: every task's")
    events: list[NoticeEvent] = Field(description="what is reported")
    run_kinds: list[RunKind] = Field(description="runs of these kinds")
    created_at: Moment = Field(description="when it was made; runs that ended later are reported")
    sent: int = Field(description="reports that arrived")
    last_sent_at: Moment | None = Field(description="when the last one did; null: none did yet")
    waiting: int = Field(description="reports on their way, or to be tried again")
    given_up: int = Field(description="reports that were tried for a week in vain")
    failed_at: Moment | None = Field(
        description="of the waiting and given up, the last attempt that failed; null: none did"
    )
    reason: str | None = Field(description="why it failed, in a word or two; null: none did")
    next_attempt_at: Moment | None = Field(description="when one is tried next; null: none waits")


class ChannelMade(ChannelState):
    """A channel as it was made."""

    secret: str | None = Field(
        description="signs a webhook's posts; shown this once, where none was given"
    )


class TestOutcome(StrEnum):
    """How a test of a channel went."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


class ChannelTest(Schema):
    """How a test of a channel went, at one attempt."""

    outcome: TestOutcome = Field(
        description="delivered, refused by who answered, or nobody was reached"
    )
    reason: str | None = Field(description="why not, in a word or two; null: it was delivered")
    summary: str = Field(description="the same as a sentence")


class TestNotice(Schema):
    """What a receiver is told by a test: nothing has happened."""

    event: Literal["test"] = "test"
    channel_id: UUID = Field(description="whose test it is")
    words: list[str]


class RunNotice(Schema):
    """What a receiver is told of a run that ended: numbers and sentences, no text of a case."""

    event: Literal[NoticeEvent.RUN_ENDED] = NoticeEvent.RUN_ENDED
    run_id: UUID
    task: str
    kind: RunKind
    status: RunStatus
    reason: str | None = Field(default=None, description="why it ended")
    completed_at: Moment | None
    verdict: VerdictKind | None
    words: list[str]
    comparisons: list[ModelComparison] = Field(
        default=[], description="of a migration: each new model against the old one"
    )
    split: str | None = Field(
        default=None,
        description="the cases that before and after are of: 'test' (untouched), 'validation',"
        " 'train' (there were no others), 'cross-validation'; null: not measured",
    )
    before: float | None = Field(description="F1 of the baseline, 0 to 1; null: not measured")
    after: float | None = Field(
        description="F1 of the best prompt; null: not measured, or none was sought"
    )
    gain: float | None = Field(description="after less before; null: one was not measured")
    interval: tuple[float, float] | None = Field(description="of the gain; null: no verdict")
    alpha: float | None = Field(
        description="what the verdict had to pass, two-sided: the interval is at 1 - alpha"
    )
    components: list[ReportedComponent] = Field(description="those that moved most")
    spend: Spend
    link: str | None = Field(description="to the run's page; null: no public address is set")


class WeekNotice(Schema):
    """What a receiver is told of a week, Monday to Sunday by UTC: numbers and sentences, no text of
    a case."""

    event: Literal[NoticeEvent.WEEK_ENDED] = NoticeEvent.WEEK_ENDED
    week: date = Field(description="its Monday")
    decisions: list[TriggerDecision] = Field(
        description="whether runs started by themselves and why, by task, the newest first; those"
        " that ended alike one after the other are one"
    )
    more_decisions: int = Field(description="that there were besides, older ones")
    incidents: list[IncidentInBrief] | None = Field(
        description="alerts that opened, the newest first; null: they could not be read"
    )
    link: str | None = Field(description="to the dashboard; null: no public address is set")
