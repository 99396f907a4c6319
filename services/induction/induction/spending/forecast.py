"""Where the month's spend is heading. Pure; amounts in US dollars, time is an argument."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from nlu_shared.schemas.spending import MonthForecast

WINDOW = timedelta(days=28)
"""Four weeks: each day of the week counts as often as any other."""


@dataclass(frozen=True, slots=True)
class RefusedCalls:
    """Calls that this month's cap had no room for: of how many runs, when the last one, and the
    most that the smallest of them could cost."""

    runs: int = 0
    last: datetime | None = None
    least: Decimal | None = None


NONE = RefusedCalls()


def month(
    *,
    spent: Decimal,
    recently: Decimal,
    cap: Decimal,
    now: datetime,
    refused: RefusedCalls = NONE,
) -> MonthForecast:
    """The month's total so far, and as much a day for what is left of it as in the WINDOW.

    spent: booked in this month, reserved for calls that are on their way included.
    recently: of the ledger, in the WINDOW before now.
    cap: of a month; no call passes it.
    now: by the database's clock.
    refused: by the cap.
    """
    now = now.astimezone(UTC)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = first + timedelta(days=calendar.monthrange(now.year, now.month)[1])
    per_day = recently / WINDOW.days
    days_left = Decimal((last - now) / timedelta(days=1))
    forecast = spent + per_day * days_left
    left = max(cap - spent, Decimal(0))
    reached = None
    if per_day > 0 and forecast >= cap:
        reached = now + timedelta(days=float(left / per_day))
    elif spent >= cap:
        reached = now
    return MonthForecast(
        month=first.date(),
        usd=float(spent),
        cap_usd=float(cap),
        left_usd=float(left),
        usd_per_day=float(per_day),
        forecast_usd=float(forecast),
        fits=forecast <= cap,
        cap_reached_at=reached,
        runs_ended=refused.runs,
        last_ended_at=refused.last,
        least_refused_usd=None if refused.least is None else float(refused.least),
    )
