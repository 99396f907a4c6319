"""The numbers of production as they are told: with what they rest on, or "unknown"."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.experiments import ArmCounts, Unit
from nlu_shared.schemas.insights import (
    Calibration,
    Comparison,
    ConfidenceBucket,
    Confusion,
    Every,
    IntentCount,
    IntentOutcome,
    LiveScore,
    ReliabilityBin,
    Sample,
    TrafficDrift,
    Version,
    Warning,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.insights import compare, drift, queries, truths, views
from nlu_logger.insights.calibration import expected_calibration_error, reliability
from nlu_logger.insights.estimate import (
    MINIMUM,
    Cell,
    accuracy,
)
from nlu_logger.insights.queries import Kept
from nlu_logger.predictions.service import first_id
from nlu_logger.settings import Settings


@dataclass(frozen=True, slots=True)
class PeriodFilters:
    """A period and the predictions within it that a caller may and wants to see."""

    since: datetime
    until: datetime
    kept: Kept


def filters_of(
    caller: Caller,
    *,
    since: datetime | None,
    until: datetime | None,
    days: float,
    task: str | None,
    model_version: str | None,
    prompt_version: str | None,
    settings: Settings,
    now: datetime,
) -> PeriodFilters:
    """`since` to `until` (now), or the `days` before `until`; Forbidden for another's task."""
    if task is not None:
        own_task(caller, task)
    allowed = caller.task_list
    until = until or now
    since = since or _before(until, timedelta(days=days))
    if since >= until:
        raise Invalid("The period ends before it begins.")
    kept = Kept(
        first=first_id(since),
        past=first_id(until),
        tasks=allowed if task is None else [task],
        audit_seed=settings.audit_seed,
        audit_share=settings.audit_share,
        model_version=model_version,
        prompt_version=prompt_version,
    )
    return PeriodFilters(since, until, kept)


def _before(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment - span
    except OverflowError:
        raise Invalid("The period begins before all time.") from None


async def confidence(session: AsyncSession, filters: PeriodFilters) -> list[ConfidenceBucket]:
    return await queries.confidence(session, filters.kept)


async def intents(session: AsyncSession, filters: PeriodFilters) -> list[IntentCount]:
    return await queries.intents(session, filters.kept)


async def outcomes(session: AsyncSession, filters: PeriodFilters) -> list[IntentOutcome]:
    """Success by intent; the interval is Wilson's."""
    return [
        IntentOutcome(
            predicted_intent=intent,
            total=total,
            successes=successes,
            success_rate=views.interval(views.share(successes, total)),
        )
        for intent, total, successes in await queries.outcomes(session, filters.kept)
    ]


async def calibration(session: AsyncSession, filters: PeriodFilters, sample: Sample) -> Calibration:
    parts = await truths.parts(session, filters.kept, sample)
    n = sum(part.count for part in parts)
    judged = views.judged(n, await truths.drawn(session, filters.kept), sample)
    if n < MINIMUM:
        return Calibration(ece=None, bins=[], **judged)
    bins = reliability(parts)
    return Calibration(
        ece=expected_calibration_error(bins),
        bins=[ReliabilityBin(**asdict(one)) for one in bins],
        **judged,
    )


async def confusion(session: AsyncSession, filters: PeriodFilters, sample: Sample) -> Confusion:
    cells = await truths.cells(session, filters.kept, sample)
    n = sum(cell.count for cell in cells)
    judged = views.judged(n, await truths.drawn(session, filters.kept), sample)
    return Confusion(cells=views.confused(cells)[: queries.MOST_ROWS], **judged)


async def drifted(
    session: AsyncSession, filters: PeriodFilters, reference_since: datetime | None
) -> TrafficDrift:
    """The period against the one that ends where it begins, of equal length unless told."""
    begins = reference_since or _before(filters.since, filters.until - filters.since)
    if begins >= filters.since:
        raise Invalid("The reference begins after it ends.")
    before = replace(filters.kept, first=first_id(begins), past=filters.kept.first)
    return TrafficDrift(
        intents=views.shift(
            await queries.intent_counts(session, filters.kept),
            await queries.intent_counts(session, before),
        ),
        confidence=views.shift(
            await queries.confidence_counts(session, filters.kept),
            await queries.confidence_counts(session, before),
        ),
        minimum=drift.MINIMUM,
        since=filters.since,
        until=filters.until,
        reference_since=begins,
    )


async def live_f1(
    session: AsyncSession, filters: PeriodFilters, every: Every | None
) -> list[LiveScore]:
    """A score per task, version and period that has traffic, known or not."""
    cells: dict[truths.Series, list[tuple[Cell, bool]]] = defaultdict(list)
    for series, cell, drawn in await truths.live_cells(session, filters.kept, every):
        cells[series].append((cell, drawn))
    return [
        views.live(series, traffic, drawn, cells[series])
        for series, traffic, drawn in await truths.traffic(session, filters.kept, every)
    ]


async def live_over_time(
    session: AsyncSession, filters: PeriodFilters, every: Every
) -> list[LiveScore]:
    """A score per task and period, of all versions together, the oldest first."""
    cells: dict[truths.Series, list[tuple[Cell, bool]]] = defaultdict(list)
    for series, cell, drawn in await truths.live_cells(session, filters.kept, every):
        cells[_whole(series)].append((cell, drawn))
    counted: dict[truths.Series, list[int]] = defaultdict(lambda: [0, 0])
    for series, traffic, drawn_ones in await truths.traffic(session, filters.kept, every):
        counted[_whole(series)][0] += traffic
        counted[_whole(series)][1] += drawn_ones
    scores = [
        views.live(series, traffic, drawn_ones, cells[series])
        for series, (traffic, drawn_ones) in counted.items()
    ]
    return sorted(scores, key=lambda one: (one.task, one.period or filters.since))


def _whole(series: truths.Series) -> truths.Series:
    return replace(series, model_version=None, prompt_version=None)


async def compared(
    session: AsyncSession, filters: PeriodFilters, version: Version, a: str, b: str
) -> Comparison:
    """Version b against a, and why the difference may not be theirs."""
    if a == b:
        raise Invalid("Name two versions.")
    sides = [_of(filters.kept, version, one) for one in (a, b)]
    ended = [views.ended(await queries.totals(session, one)) for one in sides]
    audited = [accuracy(await truths.cells(session, one, Sample.AUDIT)) for one in sides]
    texts = [await queries.text_counts(session, one) for one in sides]
    intents = [await queries.intent_counts(session, one) for one in sides]
    spans = [await queries.span(session, one) for one in sides]
    same_texts = await queries.paired_successes(session, filters.kept, version, a, b)
    same_truths = await truths.paired_answers(session, filters.kept, version, a, b)
    warnings = {
        Warning.TRAFFIC_DIFFERS: compare.traffic_differs(*texts),
        Warning.INTENTS_DIFFER: compare.traffic_differs(*intents),
        Warning.TIMES_DIFFER: _apart(*spans),
    }
    known = all(texts)
    return Comparison(
        a=a,
        b=b,
        version=version,
        success=views.contest(ended, same_texts),
        accuracy=views.contest(audited, same_truths),
        texts_js=drift.divergence(*texts) if known else None,
        intents_js=drift.divergence(*intents) if known else None,
        warnings=[warning for warning, holds in warnings.items() if holds],
    )


async def arms(
    session: AsyncSession,
    filters: PeriodFilters,
    *,
    unit: Unit,
    versions: tuple[Sequence[str], Sequence[str]],
    steps: Sequence[datetime],
    lag: timedelta,
    after: datetime | None,
) -> ArmCounts:
    """What each version of an experiment came to; a unit counts once."""
    return await queries.arms(
        session,
        filters.kept,
        unit=unit,
        versions=versions,
        steps=sorted(steps),
        lag=lag,
        after=first_id(after) if after is not None else filters.kept.first,
    )


def _of(kept: Kept, version: Version, name: str) -> Kept:
    if version is Version.MODEL:
        return replace(kept, model_version=name)
    return replace(kept, prompt_version=name)


def _apart(a: tuple[datetime, datetime] | None, b: tuple[datetime, datetime] | None) -> bool:
    return a is not None and b is not None and (a[1] < b[0] or b[1] < a[0])
