"""The live F1 of a task over weeks, small enough for its card. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nlu_shared.kit.pages.scale import Area
from nlu_shared.schemas.insights import Interval, LiveScore

AREA = Area(width=240.0, height=48.0, left=5.0, right=5.0, top=6.0, bottom=6.0)
WEEKS, WEEK_SECONDS = 12, 604_800
LEAST_SPAN = 0.1
"""Of the scores shown: a hundredth is no mountain."""
LEAST_WEEKS = 2


@dataclass(frozen=True, slots=True)
class Week:
    """Where its point lies, its interval, and what to say of it."""

    x: float
    y: float
    low_y: float
    high_y: float
    title: str


@dataclass(frozen=True, slots=True)
class Trend:
    """`words` say what the drawing does; `threshold_y` is None where none is given."""

    weeks: list[Week]
    line: str
    threshold_y: float | None
    words: str


def trend(
    scores: Sequence[LiveScore], task: str, *, threshold: float | None, until: datetime
) -> Trend | None:
    """None where fewer than LEAST_WEEKS of a task are known. Of several versions in a week, the one
    that was audited most speaks for it.

    scores: by week, of any task and version.
    """
    by_week: dict[datetime, tuple[int, Interval]] = {}
    for one in scores:
        if one.task == task and one.period is not None and one.estimate is not None:
            audited, _ = by_week.get(one.period, (0, None))
            if one.n > audited:
                by_week[one.period] = one.n, one.estimate
    if len(by_week) < LEAST_WEEKS:
        return None
    weeks = [(at, known) for at, (_, known) in sorted(by_week.items())]
    values = [known.value for _, known in weeks]
    low, high = _range([*values, *([] if threshold is None else [threshold])])
    first = weeks[0][0]
    span = max((until - first).total_seconds() - WEEK_SECONDS, WEEK_SECONDS)
    drawn = [
        _week(at, known, (at - first).total_seconds() / span, low, high) for at, known in weeks
    ]
    return Trend(
        weeks=drawn,
        line="M " + " L ".join(f"{one.x:g} {one.y:g}" for one in drawn),
        threshold_y=None if threshold is None else AREA.y(threshold, low=low, high=high),
        words="Live F1 by week: " + "; ".join(one.title for one in drawn),
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    missing = max(0.0, LEAST_SPAN - (max(values) - min(values))) / 2
    return max(0.0, min(values) - missing), min(1.0, max(values) + missing)


def _week(at: datetime, known: Interval, part: float, low: float, high: float) -> Week:
    return Week(
        x=AREA.x(min(1.0, part)),
        y=AREA.y(known.value, low=low, high=high),
        low_y=AREA.y(known.low, low=low, high=high),
        high_y=AREA.y(known.high, low=low, high=high),
        title=f"{at:%-d %b} {known.value:.2f} ({known.low:.2f} to {known.high:.2f})",
    )
