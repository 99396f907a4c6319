"""Reasons and moments as a person reads them. Pure; all times are UTC."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from nlu_shared.schemas.insights import LiveScore, Metric

WEEK = timedelta(days=6)
"""Within which a weekday names one day."""
MEASURES = {Metric.MACRO_F1: "live F1", Metric.EXACT_MATCH: "live exact match"}


def moment(at: datetime, now: datetime) -> str:
    """As "Tuesday 14:00 UTC", with its date where that could be another week's; what is to come in
    the minute by which it has, so never too early, and what has been in the minute in which it was,
    so never in the future."""
    at = at.astimezone(UTC)
    minute = at.replace(second=0, microsecond=0)
    is_within = at > max(minute, now)
    at = minute + timedelta(minutes=1) if is_within else minute
    day = f"{at:%A}" if abs(at - now) < WEEK else f"{at:%A} {at.day} {at:%B} {at.year}"
    return f"{day} {at:%H:%M} UTC"


def summary(reasons: Sequence[str], *, started: bool) -> str:
    """The decision in one line."""
    return f"{'started' if started else 'not started'}: {'; '.join(reasons)}"


def live(score: LiveScore) -> str:
    """A live score, with what it rests on or what it lacks."""
    name = MEASURES[score.metric]
    if score.estimate is None:
        return f"{name} is unknown: {score.n} audited, {score.more_needed} more needed"
    one = score.estimate
    return f"{name} {one.value:.2f} ({one.low:.2f} to {one.high:.2f}, {score.n} audited)"


def runs(number: int) -> str:
    return "the last automatic run" if number == 1 else f"the last {number} automatic runs"


def counts(cases: int, fresh: int) -> str:
    return f"{cases} approved cases, {fresh} of them new"
