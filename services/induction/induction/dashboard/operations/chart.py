"""Where the bars of a day's spend lie. Pure; colours are in the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nlu_shared.kit.pages.scale import Area, every
from nlu_shared.schemas.spending import SpendLine

from induction.dashboard.words import money

AREA = Area(width=720.0, height=180.0, left=52.0, right=8.0, top=12.0, bottom=28.0)
GAP = 0.2
"""Of a bar's place that stays empty."""
MOST_DATES = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: where its bar lies, and what to say of it; `date` is shown below where it is one of
    a few."""

    x: float
    y: float
    width: float
    height: float
    title: str
    date: str | None


@dataclass(frozen=True, slots=True)
class SpendChart:
    """Bars from the first day to the last, without a gap. `is_notional`: nothing was paid, and
    they show what offline calls would have cost."""

    bars: list[Bar]
    top: str
    is_notional: bool


def spend_chart(lines: Sequence[SpendLine], first: date, last: date) -> SpendChart | None:
    """None where nothing was spent.

    lines: by day.
    """
    is_notional = not any(one.usd for one in lines)
    amounts = {
        date.fromisoformat(one.key): one.notional_usd if is_notional else one.usd for one in lines
    }
    greatest = max(amounts.values(), default=0.0)
    if greatest <= 0:
        return None
    days = [first + timedelta(days=n) for n in range(max(1, (last - first).days + 1))]
    return SpendChart(
        bars=[
            _bar(day, n, amounts.get(day, 0.0), greatest, len(days), is_notional=is_notional)
            for n, day in enumerate(days)
        ],
        top=f"${money(greatest)}",
        is_notional=is_notional,
    )


def _bar(day: date, n: int, amount: float, greatest: float, days: int, *, is_notional: bool) -> Bar:
    height = AREA.bar(amount, greatest)
    dollars = f"{money(amount)} dollars"
    return Bar(
        x=AREA.x((n + GAP / 2) / days),
        y=round(AREA.floor - height, 1),
        width=round((1 - GAP) * AREA.inner_width / days, 1),
        height=height,
        title=f"{day.day} {day:%B}: "
        + (f"{dollars} at list price, nothing was paid" if is_notional else dollars),
        date=f"{day.day} {day:%b}" if n % every(days, MOST_DATES) == 0 else None,
    )
