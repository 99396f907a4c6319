"""Where bars and points of the charts over time lie. Pure; colours are in the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from nlu_shared.kit.pages.scale import Area, every

AREA = Area(width=420.0, height=130.0, left=34.0, right=4.0, top=8.0, bottom=20.0)
MOST_DATES = 5


@dataclass(frozen=True, slots=True)
class Value:
    """One day or hour: a number (None: not known), its interval if it has one, what to say of it
    and the address of the rows behind it."""

    date: str
    number: float | None
    title: str
    rows: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar (from `y`, `height` high) or a point, in the chart's own units."""

    x: float
    y: float
    width: float
    height: float
    title: str
    rows: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """`ticks` are heights and their numbers, `dates` places and theirs; `line` is a path."""

    marks: Sequence[Mark]
    line: str
    ticks: Sequence[tuple[float, str]]
    dates: Sequence[tuple[float, str]]
    width: float = AREA.width
    height: float = AREA.height


def bars(values: Sequence[Value]) -> Chart:
    """From zero up to the largest number."""
    top = max([one.number or 0 for one in values], default=0) or 1
    marks, width = [], round(_step(values) * 0.8, 1)
    for place, one in enumerate(values):
        height = AREA.bar(one.number or 0, top)
        x, y = _x(values, place + 0.1), round(AREA.floor - height, 1)
        marks.append(Mark(x, y, width, height, one.title, one.rows))
    ticks = [(AREA.floor, "0"), (AREA.top, f"{top:,.0f}")]
    return Chart(marks, "", ticks, _dates(values))


def points(values: Sequence[Value], *, low: float = 0.0, high: float = 1.0) -> Chart:
    """Between `low` and `high`; a line joins neighbours that are both known."""
    step, y = _step(values), partial(AREA.y, low=low, high=high)
    marks, line, is_down = [], "", False
    for place, one in enumerate(values):
        if one.number is None:
            is_down = False
            continue
        x = _x(values, place + 0.5)
        span = None if one.low is None or one.high is None else (y(one.low), y(one.high))
        marks.append(Mark(x, y(one.number), step, 0, one.title, one.rows, *(span or (None, None))))
        line += f"{' L' if is_down else ' M'} {x:g} {y(one.number):g}"
        is_down = True
    ticks = [(y(one), f"{one:g}") for one in (low, (low + high) / 2, high)]
    return Chart(marks, line.strip(), ticks, _dates(values))


def date(begins: datetime, step: timedelta) -> str:
    """A day, or the hour of one."""
    return f"{begins:%-d %b}" if step >= timedelta(days=1) else f"{begins:%H:%M}"


def _step(values: Sequence[Value]) -> float:
    return AREA.inner_width / max(1, len(values))


def _x(values: Sequence[Value], place: float) -> float:
    return AREA.x(place / max(1, len(values)))


def _dates(values: Sequence[Value]) -> list[tuple[float, str]]:
    apart = every(len(values), MOST_DATES)
    return [
        (_x(values, place + 0.5), one.date)
        for place, one in enumerate(values)
        if place % apart == 0
    ]
