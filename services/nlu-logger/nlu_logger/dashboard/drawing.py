"""Where bars and points of the charts over time lie. Pure; colours are in the style sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 420.0, 130.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 4.0, 8.0, 20.0
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
    width: float = WIDTH
    height: float = HEIGHT


def bars(values: Sequence[Value]) -> Chart:
    """From zero up to the largest number."""
    top = max([one.number or 0 for one in values], default=0) or 1
    step, floor = _step(values), HEIGHT - BOTTOM
    marks = []
    for place, one in enumerate(values):
        height = round((floor - TOP) * (one.number or 0) / top, 1)
        x = round(LEFT + step * (place + 0.1), 1)
        width = round(step * 0.8, 1)
        marks.append(Mark(x, round(floor - height, 1), width, height, one.title, one.rows))
    ticks = [(floor, "0"), (TOP, f"{top:,.0f}")]
    return Chart(marks, "", ticks, _dates(values, step))


def points(values: Sequence[Value], *, low: float = 0.0, high: float = 1.0) -> Chart:
    """Between `low` and `high`; a line joins neighbours that are both known."""
    step = _step(values)

    def y(number: float) -> float:
        inside = min(high, max(low, number))
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (high - inside) / (high - low), 1)

    marks, line, is_down = [], "", False
    for place, one in enumerate(values):
        if one.number is None:
            is_down = False
            continue
        x = round(LEFT + step * (place + 0.5), 1)
        span = None if one.low is None or one.high is None else (y(one.low), y(one.high))
        marks.append(Mark(x, y(one.number), step, 0, one.title, one.rows, *(span or (None, None))))
        line += f"{' L' if is_down else ' M'} {x:g} {y(one.number):g}"
        is_down = True
    ticks = [(y(one), f"{one:g}") for one in (low, (low + high) / 2, high)]
    return Chart(marks, line.strip(), ticks, _dates(values, step))


def _step(values: Sequence[Value]) -> float:
    return (WIDTH - LEFT - RIGHT) / max(1, len(values))


def _dates(values: Sequence[Value], step: float) -> list[tuple[float, str]]:
    every = max(1, -(-len(values) // MOST_DATES))
    return [
        (round(LEFT + step * (place + 0.5), 1), one.date)
        for place, one in enumerate(values)
        if place % every == 0
    ]
