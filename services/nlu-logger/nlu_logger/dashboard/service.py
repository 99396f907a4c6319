"""What the overview shows, put together from the numbers of the other rooms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from nlu_shared.kit.access.auth import ADMIN, Caller
from nlu_shared.schemas.alerts import Alert
from nlu_shared.schemas.insights import (
    Calibration,
    ConfidenceBucket,
    Every,
    IntentCount,
    IntentOutcome,
    LiveScore,
    Sample,
    TrafficDrift,
)
from nlu_shared.schemas.queues import Queue, QueueFilters
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.alerts import service as alerts
from nlu_logger.alerts.models import IncidentRow
from nlu_logger.dashboard import drawing
from nlu_logger.dashboard.alerting import queries as incidents
from nlu_logger.dashboard.drawing import Chart, Value
from nlu_logger.dashboard.drifting import service as drifting
from nlu_logger.dashboard.drifting.service import Drifted
from nlu_logger.dashboard.search.filters import rows
from nlu_logger.insights import queries, views
from nlu_logger.insights import service as insights
from nlu_logger.insights.queries import Stretch, Totals
from nlu_logger.insights.service import PeriodFilters
from nlu_logger.reviews import queues
from nlu_logger.settings import Settings

NAMED_INTENTS = 12
A_DAY, MONTH = timedelta(days=1), timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """One chart each; `scores` by task, where a task has a known score in any period, `drift` by
    what drifts."""

    volume: Chart
    success: Chart
    confidence: Chart
    scores: Sequence[tuple[str, Chart]]
    unit: str
    step: timedelta
    drift: Mapping[str, Drifted]
    score_unit: str
    stretches: Sequence[Stretch]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    filters: PeriodFilters
    alerts: list[Alert] | None
    incidents: Mapping[UUID, IncidentRow]
    totals: Totals
    tasks: list[str]
    to_audit: int
    over_time: OverTime
    confidence: list[ConfidenceBucket]
    intents: list[IntentCount]
    outcomes: list[IntentOutcome]
    scores: list[LiveScore]
    drift: TrafficDrift
    calibration: Calibration


async def overview(
    session: AsyncSession, filters: PeriodFilters, settings: Settings, *, caller: Caller
) -> Overview:
    """Alerts are for administrators; None for everybody else. `to_audit` waits for the caller."""
    is_operator = caller.has(ADMIN)
    look = QueueFilters(task=_only(filters))
    return Overview(
        filters=filters,
        alerts=await alerts.every(session, caller=caller) if is_operator else None,
        incidents=await incidents.opened(session) if is_operator else {},
        totals=await queries.totals(session, filters.kept, unsure=queues.UNSURE),
        tasks=await queries.tasks(session, filters.kept),
        to_audit=(await queues.counts(session, look, settings, caller=caller))[Queue.AUDIT],
        over_time=await _over_time(session, filters),
        confidence=await insights.confidence(session, filters),
        intents=(await insights.intents(session, filters))[:NAMED_INTENTS],
        outcomes=(await insights.outcomes(session, filters))[:NAMED_INTENTS],
        scores=await insights.live_f1(session, filters, None),
        drift=await insights.drifted(session, filters, None),
        calibration=await insights.calibration(session, filters, Sample.AUDIT),
    )


def _only(filters: PeriodFilters) -> str | None:
    """The task that it is about, if that is one."""
    tasks = filters.kept.tasks
    return tasks[0] if tasks and len(tasks) == 1 else None


async def _over_time(session: AsyncSession, filters: PeriodFilters) -> OverTime:
    span = filters.until - filters.since
    unit, step = ("hour", timedelta(hours=1)) if span <= A_DAY else ("day", A_DAY)
    every = Every.WEEK if span >= MONTH else Every.DAY
    counted = {one.begins: one for one in await queries.over_time(session, filters.kept, unit=unit)}
    moments = _steps(filters, step)
    stretches = [counted.get(begins) or Stretch(begins, 0, 0, 0, None) for begins in moments]
    task = _only(filters)
    return OverTime(
        volume=drawing.bars([_volume(one, step, task) for one in stretches]),
        success=drawing.points([_success(one, step, task) for one in stretches]),
        confidence=drawing.points([_confidence(one, step, task) for one in stretches]),
        scores=_scores(await insights.live_over_time(session, filters, every), every),
        unit=unit,
        step=step,
        drift=await drifting.over_time(session, filters, moments, step),
        score_unit=every.value,
        stretches=[one for one in stretches if one.predictions],
    )


def _steps(filters: PeriodFilters, step: timedelta) -> list[datetime]:
    """Every beginning of an hour or day that the period touches."""
    begins = filters.since.replace(minute=0, second=0, microsecond=0)
    if step >= A_DAY:
        begins = begins.replace(hour=0)
    steps = []
    while begins < filters.until:
        steps.append(begins)
        begins += step
    return steps


def _volume(one: Stretch, step: timedelta, task: str | None) -> Value:
    date = drawing.date(one.begins, step)
    title = f"{date}: {one.predictions:,} predictions"
    link = rows(since=one.begins, until=one.begins + step, task=task)
    return Value(date, one.predictions, title, link)


def _success(one: Stretch, step: timedelta, task: str | None) -> Value:
    date, share = drawing.date(one.begins, step), views.share(one.successes, one.ended)
    link = rows(since=one.begins, until=one.begins + step, task=task, ended=True)
    if share is None:
        return Value(date, None, "", link)
    title = f"{date}: {share.value:.1%} of {one.ended:,} workflows went well"
    return Value(date, share.value, title, link, share.low, share.high)


def _confidence(one: Stretch, step: timedelta, task: str | None) -> Value:
    date = drawing.date(one.begins, step)
    link = rows(since=one.begins, until=one.begins + step, task=task)
    if one.confidence is None:
        return Value(date, None, "", link)
    return Value(date, one.confidence, f"{date}: mean confidence {one.confidence:.3f}", link)


def _scores(scores: Sequence[LiveScore], every: Every) -> list[tuple[str, Chart]]:
    named: dict[str, list[Value]] = {}
    for one in scores:
        named.setdefault(one.task, []).append(_score(one, every))
    return [
        (task, drawing.points(values))
        for task, values in named.items()
        if any(one.number is not None for one in values)
    ]


def _score(one: LiveScore, every: Every) -> Value:
    step = timedelta(days=7) if every is Every.WEEK else A_DAY
    begins = one.period
    date = f"{begins:%-d %b}" if begins else ""
    until = begins + step if begins else None
    link = rows(since=begins, until=until, task=one.task, audited=True)
    if one.estimate is None:
        return Value(date, None, "", link)
    known = one.estimate
    title = f"{date}: {known.value:.3f}, {known.low:.3f} to {known.high:.3f}, of {one.n} audited"
    return Value(date, known.value, title, link, known.low, known.high)
