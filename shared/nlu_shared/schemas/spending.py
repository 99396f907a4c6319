"""What a run has cost, and what came of it; what all of them have cost together."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from nlu_shared.schemas.base import Moment, Schema


class Spend(Schema):
    """What a run has cost. `notional_usd`: what an offline run would have cost at list price."""

    calls: int = Field(default=0, description="requests to models, repeated ones too")
    cached_calls: int = Field(default=0, description="answers that were stored before")
    usd: float = Field(default=0.0, description="US dollars")
    notional_usd: float = Field(default=0.0, description="US dollars offline calls would cost")
    unanswered_calls: int = Field(
        default=0,
        description="requests the provider did not let the model answer; they score nowhere",
    )
    unmetered_calls: int = Field(
        default=0,
        description="answers whose usage was not said; each is booked as the most it can cost",
    )
    prompt_tokens: int = Field(
        default=0, description="tokens of prompts, as providers count them; of stored answers none"
    )
    cache_hit_rate: float | None = Field(
        default=None,
        description="the share of `prompt_tokens` that providers read from their prompt caches, at"
        " the cached price; null: none were counted",
    )
    usd_per_point: float | None = Field(
        default=None,
        description="US dollars for each hundredth of F1 that its best prompt has gained on"
        " validation so far; null: it has gained none",
    )
    notional_usd_per_point: float | None = Field(
        default=None, description="the same of `notional_usd`"
    )


class SpendBy(StrEnum):
    """What a line of spending is of."""

    DAY = "day"
    ROLE = "role"
    MODEL = "model"
    TASK = "task"


class SpendLine(Schema):
    """What the calls of one day, role, model or task cost."""

    key: str = Field(description="the day (UTC), the role, the model or the task")
    calls: int = Field(description="requests to models, repeated ones too")
    cached_calls: int = Field(description="answers that were stored before")
    usd: float = Field(description="US dollars; what is on its way counts as the most it can cost")
    notional_usd: float = Field(description="US dollars offline calls would cost")


class MonthForecast(Schema):
    """Where this month (UTC) is heading: the last four weeks' spend a day, for the days left."""

    month: date = Field(description="its first day")
    usd: float = Field(description="booked so far, questions to models outside of runs included")
    cap_usd: float = Field(description="no call passes it")
    left_usd: float = Field(description="what the cap leaves")
    usd_per_day: float = Field(description="of the last 28 days")
    forecast_usd: float = Field(description="of the whole month, if it goes on like that")
    fits: bool = Field(description="whether that is within the cap")
    cap_reached_at: Moment | None = Field(description="when the cap is reached then; null: not")
    runs_ended: int = Field(
        default=0,
        description="by the cap: a call of theirs no longer fitted under it, with the most that it"
        " could cost, though the cap itself may not be reached",
    )
    last_ended_at: Moment | None = Field(
        default=None, description="when the last of these calls was refused; null: none was"
    )
    least_refused_usd: float | None = Field(
        default=None, description="the most that the smallest of these calls could cost, US dollars"
    )


class Spending(Schema):
    """What was spent from one moment to another."""

    from_: Moment = Field(alias="from", description="the first moment that counts")
    to: Moment = Field(description="the first moment that no longer counts")
    by: SpendBy = Field(description="what a line is of")
    usd: float = Field(description="US dollars, all lines together")
    notional_usd: float = Field(description="US dollars offline calls would cost, all together")
    lines: list[SpendLine] = Field(description="days in order; else what cost most first")
    month: MonthForecast = Field(description="this month's, whatever time was asked for")
