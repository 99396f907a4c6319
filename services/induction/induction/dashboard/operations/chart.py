"""Where the bars of a day's spend lie. Pure; colours are in the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nlu_shared.schemas.spending import SpendLine

from induction.dashboard.words import money

WIDTH, HEIGHT = 720.0, 180.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 8.0, 12.0, 28.0
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
    place = (WIDTH - LEFT - RIGHT) / len(days)
    every = -(-len(days) // MOST_DATES)
    return SpendChart(
        bars=[
            _bar(day, n, amounts.get(day, 0.0), greatest, place, every)
            for n, day in enumerate(days)
        ],
        top=money(greatest),
        is_notional=is_notional,
    )


def _bar(day: date, n: int, amount: float, greatest: float, place: float, every: int) -> Bar:
    height = round((HEIGHT - TOP - BOTTOM) * amount / greatest, 1)
    return Bar(
        x=round(LEFT + n * place + GAP * place / 2, 1),
        y=round(HEIGHT - BOTTOM - height, 1),
        width=round((1 - GAP) * place, 1),
        height=height,
        title=f"{day.day} {day:%B}: {money(amount)} dollars",
        date=f"{day.day} {day:%b}" if n % every == 0 else None,
    )
