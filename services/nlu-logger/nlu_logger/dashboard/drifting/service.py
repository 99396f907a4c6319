"""Drift over time, as the overview draws it: each day, or hour, against the equal length before it
that the overview is of. Numbers are those of the table below it (`insights.drift`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard import drawing
from nlu_logger.dashboard.drawing import Chart, Value
from nlu_logger.dashboard.drifting import queries
from nlu_logger.dashboard.search.filters import rows
from nlu_logger.insights import drift, views
from nlu_logger.insights.service import PeriodFilters
from nlu_logger.predictions.service import first_id

OF = {"Intents": "intents", "Confidence": "confidence"}
QUIET, LARGE = 0.1, 0.25
LEAST_SCALE = 2 * LARGE


@dataclass(frozen=True, slots=True)
class Drifted:
    """`known` are the numbers of the chart, by where their stretch begins."""

    chart: Chart
    known: Mapping[datetime, float]


async def over_time(
    session: AsyncSession, filters: PeriodFilters, moments: Sequence[datetime], step: timedelta
) -> Mapping[str, Drifted]:
    """By what drifts; a chart has no marks where nothing is known of any stretch.

    moments: where the days or hours of the period begin.
    step: how long one of them is.
    """
    span = filters.until - filters.since
    earlier = replace(filters.kept, first=first_id(moments[0] - span))
    unit = "hour" if step < timedelta(days=1) else "day"
    tasks = filters.kept.tasks
    task = tasks[0] if tasks and len(tasks) == 1 else None
    charts = {}
    for title, of in OF.items():
        counts = await queries.counts(session, earlier, of=of, unit=unit)
        compared = drift.against_before(counts, moments, span)
        values = [
            # Of a stretch that began before the period, the other charts tell a part only.
            _value(begins, step, task, window if begins >= filters.since else {}, before)
            for begins, window, before in compared
        ]
        known = {
            moment: one.number
            for moment, one in zip(moments, values, strict=True)
            if one.number is not None
        }
        high = max(LEAST_SCALE, round(max(known.values(), default=0.0) + 0.05, 1))
        charts[title] = Drifted(drawing.points(values, high=high), known)
    return charts


def _value(
    begins: datetime,
    step: timedelta,
    task: str | None,
    window: drift.Counts,
    before: drift.Counts,
) -> Value:
    """The band is what chance makes.

    begins: where the stretch begins, which is `step` long.
    task: which it is of, if it is one.
    window: its predictions by name.
    before: those of the time before it.
    """
    date = drawing.date(begins, step)
    link = rows(since=begins, until=begins + step, task=task)
    shift = views.shift(window, before)
    if shift.psi is None or shift.chance is None:
        return Value(date, None, "", link)
    title = f"{date}: {shift.psi:.3f}, {_words(shift.psi, shift.chance)}; chance makes up to "
    title += f"{shift.chance:.3f}; {shift.window:,} predictions against {shift.reference:,}"
    return Value(date, shift.psi, title, link, 0.0, shift.chance)


def _words(psi: float, chance: float) -> str:
    if psi <= chance or psi < QUIET:
        return "quiet"
    return "some drift" if psi < LARGE else "large drift"
