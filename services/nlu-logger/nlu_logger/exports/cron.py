"""When a schedule is due, from its cron expression and a moment. Pure; everything is UTC.

UTC has no daylight saving, so no time is ever skipped or doubled by a clock change.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from croniter import CroniterBadDateError, croniter

MOST_COUNTED = 1_000
"""Missed times are counted up to here; a minute's schedule after a year away need not be exact."""


class NeverDue(ValueError):
    """Not five cron fields, or fields that never meet (the 31st of February)."""


@dataclass(frozen=True, slots=True)
class Due:
    """The newest time that has come, how many before it were missed, and the next to come."""

    scheduled_at: datetime
    missed: int
    following: datetime


def next_scheduled_at(cron: str, after: datetime) -> datetime:
    """The first time later than `after`. Raises NeverDue."""
    if len(cron.split()) != 5 or not croniter.is_valid(cron):
        raise NeverDue
    try:
        moment: datetime = croniter(cron, after.astimezone(UTC)).get_next(datetime)
    except CroniterBadDateError:
        raise NeverDue from None
    return moment


def due(cron: str, waiting: datetime, now: datetime) -> Due | None:
    """None while `waiting`, the time to be written next, is still to come.

    After downtime only the newest time is written: the older ones would hold the same rows or
    fewer. They are counted as missed.
    """
    if waiting > now:
        return None
    # get_prev is strictly earlier, and a time that comes now has come.
    newest: datetime = croniter(cron, now.astimezone(UTC) + timedelta(microseconds=1)).get_prev(
        datetime
    )
    newest = max(newest, waiting)
    missed, step = 0, waiting
    while step < newest and missed < MOST_COUNTED:
        missed, step = missed + 1, next_scheduled_at(cron, step)
    return Due(scheduled_at=newest, missed=missed, following=next_scheduled_at(cron, newest))
