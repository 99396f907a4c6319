"""What a consideration rests on: nlu-logger's numbers, read outside any transaction, and rows."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
from nlu_shared.schemas.insights import LiveScore, TrafficDrift
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.runs import RunKind, RunStatus
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import upstream
from induction.cases import service as cases
from induction.runs.models import RunRow
from induction.runs.starting.experience import spent_this_month
from induction.runs.starting.planning import refusal, unanswerable
from induction.settings import Settings
from induction.tasks.models import TaskRow
from induction.triggers import queries, wording
from induction.triggers.causes import Signs, causes
from induction.triggers.policy import Facts, LastRun, Live, Loop, Money
from induction.triggers.queries import Serving

WINDOWS = (timedelta(days=7), timedelta(days=28))
"""Of production's predictions: the shorter one where it holds enough audited cases."""
A_MOMENT = timedelta(minutes=1)
"""So long the clocks of two services may be apart: a period ends so much later than now, since
nlu-logger refuses one that ends before it begins, and a version may serve since a second."""
NO_SCOPE = "live F1 is unknown: induction's key of nlu-logger lacks the scope insights:read"
NO_TRAFFIC = "live F1 is unknown: no prediction of the prompt in production"
OTHERS = "those that came name other versions"


@dataclass(frozen=True, slots=True)
class Read:
    """What nlu-logger says."""

    truth: cases.TruthRead
    live: Live
    drift: TrafficDrift | None


async def live_score(
    logger: httpx2.AsyncClient, task: str, serves: Serving | None, *, now: datetime
) -> Live:
    """Of the version in production since it serves, by the newest model that answered. No model is
    asked. Raises UpstreamAway."""
    live = Live(None, NO_TRAFFIC)
    for window in WINDOWS:
        since = now - window if serves is None else max(now - window, serves.since)
        scores = await upstream.fetch_live_f1(logger, task, since=since, until=now + A_MOMENT)
        if scores is None:
            return Live(None, NO_SCOPE)
        score = of_serving(scores, serves)
        if score is None:
            live = Live(None, _no_traffic(scores, serves, window, now))
            continue
        live = Live(score.estimate.value if score.estimate else None, wording.live(score))
        if live.value is not None:
            break
    return live


def _no_traffic(
    scores: Sequence[LiveScore], serves: Serving | None, window: timedelta, now: datetime
) -> str:
    """Since when there is none, which may be a minute ago, and whether others' came."""
    if serves is None:
        return NO_TRAFFIC
    if serves.since > now - window:
        since = f" since it serves, {wording.moment(serves.since, now)}"
    else:
        since = f" in {window.days} days"
    return f"{NO_TRAFFIC}{since}{f'; {OTHERS}' if scores else ''}"


def of_serving(scores: Sequence[LiveScore], serves: Serving | None) -> LiveScore | None:
    """The newest score of what serves, else the newest of predictions that name no version."""
    own = (
        one
        for one in scores
        if serves is not None
        and one.prompt_version is not None
        and serves.is_named(one.prompt_version)
    )
    unnamed = (one for one in scores if one.prompt_version is None)
    return next(own, None) or next(unnamed, None)


async def drift(logger: httpx2.AsyncClient, task: str, *, now: datetime) -> TrafficDrift | None:
    """Of the last days against the days before; None where it may not be read. Raises
    UpstreamAway."""
    return await upstream.fetch_drift(logger, task, since=now - WINDOWS[0])


async def gathered(
    session: AsyncSession, settings: Settings, of_task: TaskRow, read: Read, loop: Loop
) -> Facts:
    """All that the policy is asked with."""
    truth, serves = read.truth.truth, await queries.serving(session, of_task.slug)
    last = await queries.last_run(session, of_task.slug, RunKind.IMPROVE)
    signs = await _signs(session, settings, of_task, last, serves, read)
    return Facts(
        now=signs.now,
        cases=len(truth.cases),
        dataset_hash=truth.dataset_hash,
        is_active=last is not None and not RunStatus(last.status).over,
        has_baseline=serves is not None,
        unanswerable=await _unanswerable(settings, of_task, truth),
        live=read.live,
        last=_last(last, serves, same=signs.same),
        loop=loop,
        money=await _money(session, settings, of_task),
        causes=causes(signs),
    )


async def _signs(
    session: AsyncSession,
    settings: Settings,
    of_task: TaskRow,
    last: RunRow | None,
    serves: Serving | None,
    read: Read,
) -> Signs:
    truth = read.truth.truth
    newest = drifted = measured_with = None
    if serves is not None:
        newest, drifted = await queries.nights(
            session,
            of_task.slug,
            serves.version_id,
            of_task.task_model or settings.task_model,
            since=_measured_at(last),
        )
        measured_with = await queries.measured_with(session, serves.version_id)
    return Signs(
        now=await queries.now(session),
        newest=newest,
        drifted=drifted,
        drift=read.drift,
        measured_with=measured_with,
        labels_version=_labels_version(of_task, truth),
        fresh=len(truth.cases) - (last.dataset_size if last is not None else 0),
        same=drifted is None and _is_same(settings, of_task, last, serves, truth),
    )


def _labels_version(of_task: TaskRow, truth: upstream.GroundTruth) -> int:
    """As a run would have it: an extraction is held to no label set."""
    is_intent = of_task.kind == TaskKind.INTENT
    return truth.labels.version or of_task.labels_version if is_intent else 0


def _measured_at(last: RunRow | None) -> datetime | None:
    """Since when no run has measured."""
    return last.created_at if last is not None and last.status == RunStatus.COMPLETED else None


def _is_same(
    settings: Settings,
    of_task: TaskRow,
    last: RunRow | None,
    serves: Serving | None,
    truth: upstream.GroundTruth,
) -> bool:
    """Whether a run now would be the last one again."""
    if last is None or serves is None or last.status != RunStatus.COMPLETED:
        return False
    return (
        last.baseline_version_id == serves.version_id
        and last.task_model == (of_task.task_model or settings.task_model)
        and last.proposer_model == (of_task.proposer_model or settings.proposer_model)
        and last.labels_version == _labels_version(of_task, truth)
        and last.dataset_hash == truth.dataset_hash
    )


def _last(last: RunRow | None, serves: Serving | None, *, same: bool) -> LastRun | None:
    if last is None or last.created_at is None:
        return None
    is_better = last.best_version_id not in (None, last.baseline_version_id)
    return LastRun(
        started_at=last.created_at,
        cases=last.dataset_size,
        dataset_hash=last.dataset_hash,
        same=same,
        waiting=is_better and serves is not None and serves.version_id != last.best_version_id,
    )


async def _money(session: AsyncSession, settings: Settings, of_task: TaskRow) -> Money | None:
    """None where neither model costs any."""
    model = of_task.task_model or settings.task_model
    proposer = of_task.proposer_model or settings.proposer_model
    if not any(map(settings.models_of.is_billed, (model, proposer))):
        return None
    return Money(
        left=settings.month_cap_usd - await spent_this_month(session),
        needed=await queries.run_takes(session, of_task.slug, model),
        cap=settings.month_cap_usd,
    )


async def _unanswerable(
    settings: Settings, row: TaskRow, truth: upstream.GroundTruth
) -> str | None:
    own = tuple(map(cases.case_of, truth.cases))
    out = await asyncio.to_thread(unanswerable, row.held_to(truth.labels), own)
    refused = refusal(out, len(own), most=settings.unanswerable_share)
    return None if refused is None else refused.detail
