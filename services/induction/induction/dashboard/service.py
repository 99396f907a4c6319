"""What each page shows, put together from the other rooms in a constant number of statements."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.experiments import ExperimentStatus
from nlu_shared.schemas.insights import Every, LiveScore
from nlu_shared.schemas.lineage import Ancestor
from nlu_shared.schemas.promotions import ProposalStatus
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.runs import RunView
from nlu_shared.schemas.triggers import AutoTrigger, TriggerDecision
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import upstream
from induction.dashboard.drawing import share
from induction.dashboard.trend import WEEKS, Trend, trend
from induction.experiments.models import ExperimentRow
from induction.history import lineage
from induction.prompts.models import PromptMoveRow, PromptProposalRow, PromptVersionRow
from induction.runs import queries as runs
from induction.runs.models import RunRow
from induction.runs.starting import experience
from induction.settings import Settings
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow
from induction.triggers import wording
from induction.triggers.facts import NO_TRAFFIC, of_serving
from induction.triggers.models import AutoTriggerRow, TriggerDecisionRow
from induction.triggers.queries import Serving
from induction.upstream import UpstreamAway

RUNS, VERSIONS = 20, 50
LIVE, TREND = timedelta(days=28), timedelta(weeks=WEEKS)
PATIENCE = timedelta(seconds=1)
"""So long a page waits for what another service would add to it."""
NO_ANSWER = "live F1 is unknown: nlu-logger does not answer, or not with induction's key"


@dataclass(frozen=True, slots=True)
class LiveScores:
    """Of all tasks: `newest` over LIVE, None where they are not known; `weekly` over TREND."""

    newest: list[LiveScore] | None
    weekly: list[LiveScore]


@dataclass(frozen=True, slots=True)
class TaskCard:
    """A task at a glance; what there is not yet is None. `trigger` is its rules, `considered` the
    newest decision about it, `live` what audited traffic says of what serves and `trend` how that
    went over weeks, `waiting` how many promotions wait for approval, `experiment` the one that is
    running."""

    task: TaskRow
    serving: Serving | None
    newest: RunView | None
    judged: RunView | None
    trigger: AutoTrigger
    is_paused: bool
    considered: TriggerDecision | None
    live: str | None
    trend: Trend | None
    waiting: int
    experiment: UUID | None


@dataclass(frozen=True, slots=True)
class Month:
    """What models have cost since it began (UTC), in US dollars, and the cap."""

    usd: float
    cap_usd: float

    @property
    def share(self) -> float:
        return share(self.usd, self.cap_usd)


@dataclass(frozen=True, slots=True)
class Overview:
    cards: list[TaskCard]
    month: Month


@dataclass(frozen=True, slots=True)
class TaskPage:
    task: TaskRow
    serving: Serving | None
    runs: list[RunView]
    versions: list[Ancestor]

    @property
    def hashes(self) -> dict[UUID, str]:
        """Of the versions that are shown, by id."""
        return {one.id: one.version_hash for one in self.versions}


async def live_scores(logger: httpx2.AsyncClient) -> LiveScores:
    """Of all tasks, in two questions at once; None where nlu-logger gives none: no page waits for
    them."""

    async def fetched(span: timedelta, every: Every | None) -> list[LiveScore] | None:
        since = datetime.now(UTC) - span
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await upstream.fetch_live_f1(logger, None, since=since, every=every)
        except (UpstreamAway, TimeoutError):
            return None

    newest, weekly = await asyncio.gather(fetched(LIVE, None), fetched(TREND, Every.WEEK))
    return LiveScores(newest, weekly or [])


async def overview(
    session: AsyncSession,
    settings: Settings,
    scores: LiveScores,
    *,
    caller: Caller,
) -> Overview:
    """The tasks the caller may touch, by slug."""
    rows = [one for one in await tasks.list_all(session) if caller.may_touch(one.slug)]
    slugs = [one.slug for one in rows]
    newest = await _by_task(session, slugs, judged=False)
    judged = await _by_task(session, slugs, judged=True)
    ids = {row.id: row for row in (*newest.values(), *judged.values())}
    shown = {one.id: one for one in await runs.views(session, list(ids.values()))}
    serving = await _serving(session, slugs)
    triggers = await _triggers(session, slugs)
    decisions = await _decisions(session, slugs)
    waiting = await _waiting(session, slugs)
    experiments = await _experiments(session, slugs)
    now = datetime.now(UTC)
    cards = [
        TaskCard(
            task=row,
            serving=serving.get(row.slug),
            newest=shown[newest[row.slug].id] if row.slug in newest else None,
            judged=shown[judged[row.slug].id] if row.slug in judged else None,
            trigger=_rules(triggers.get(row.slug)),
            is_paused=row.slug in triggers and triggers[row.slug].paused_at is not None,
            considered=decisions.get(row.slug),
            live=_live(row.slug, serving.get(row.slug), scores.newest),
            trend=trend(
                scores.weekly,
                row.slug,
                threshold=_threshold(triggers.get(row.slug)),
                until=now,
            ),
            waiting=waiting.get(row.slug, 0),
            experiment=experiments.get(row.slug),
        )
        for row in rows
    ]
    return Overview(cards, await month(session, settings))


def _threshold(row: AutoTriggerRow | None) -> float | None:
    """Below which a run starts by itself, where one may."""
    rules = _rules(row)
    return rules.f1_threshold if rules.enabled else None


def _live(task: str, serves: Serving | None, scores: Sequence[LiveScore] | None) -> str | None:
    """Of predictions that name what serves: others may be of any version before it."""
    if serves is None:
        return None
    if scores is None:
        return NO_ANSWER
    named = [one for one in scores if one.task == task and one.prompt_version is not None]
    score = of_serving(named, serves)
    return NO_TRAFFIC if score is None else wording.live(score)


async def task_page(session: AsyncSession, slug: str) -> TaskPage:
    """Raises NotFound."""
    task = await tasks.get(session, slug)
    page = await runs.page(session, None, task=slug, before=None, limit=RUNS)
    versions = await lineage.page(session, slug, before=None, limit=VERSIONS)
    return TaskPage(
        task=task,
        serving=(await _serving(session, [slug])).get(slug),
        runs=list(page.items),
        versions=list(versions.items),
    )


async def month(session: AsyncSession, settings: Settings) -> Month:
    """Of all tasks: the cap holds for them together."""
    return Month(await experience.spent_this_month(session), settings.month_cap_usd)


async def _by_task(
    session: AsyncSession, slugs: Sequence[str], *, judged: bool
) -> dict[str, RunRow]:
    """The newest run of each task, or the newest with a verdict."""
    statement = select(RunRow).where(col(RunRow.task).in_(slugs))
    if judged:
        statement = statement.where(col(RunRow.verdict).is_not(None))
    statement = statement.order_by(col(RunRow.task), col(RunRow.id).desc())
    newest = statement.ext(distinct_on(col(RunRow.task)))
    return {row.task: row for row in await session.exec(newest)}


async def _serving(session: AsyncSession, slugs: Sequence[str]) -> dict[str, Serving]:
    """What serves, and since when, by task."""
    newest = (
        select(PromptMoveRow, PromptVersionRow.version_hash)
        .join(PromptVersionRow, col(PromptVersionRow.id) == PromptMoveRow.version_id)
        .where(
            col(PromptMoveRow.task).in_(slugs),
            PromptMoveRow.alias == ServingAlias.PRODUCTION.value,
        )
        .order_by(col(PromptMoveRow.task), col(PromptMoveRow.n).desc())
        .ext(distinct_on(col(PromptMoveRow.task)))
    )
    return {
        row.task: Serving(row.version_id, version_hash, row.moved_at)
        for row, version_hash in await session.exec(newest)
    }


async def _triggers(session: AsyncSession, slugs: Sequence[str]) -> dict[str, AutoTriggerRow]:
    rows = await session.exec(select(AutoTriggerRow).where(col(AutoTriggerRow.task).in_(slugs)))
    return {row.task: row for row in rows}


def _rules(row: AutoTriggerRow | None) -> AutoTrigger:
    return AutoTrigger() if row is None else AutoTrigger.model_validate(row.body)


async def _decisions(session: AsyncSession, slugs: Sequence[str]) -> dict[str, TriggerDecision]:
    """The newest of each task."""
    decisions = (
        select(TriggerDecisionRow)
        .where(col(TriggerDecisionRow.task).in_(slugs))
        .order_by(col(TriggerDecisionRow.task), col(TriggerDecisionRow.id).desc())
        .ext(distinct_on(col(TriggerDecisionRow.task)))
    )
    return {row.task: row.view() for row in await session.exec(decisions)}


async def _experiments(session: AsyncSession, slugs: Sequence[str]) -> dict[str, UUID]:
    """The one that is running, by task."""
    running = select(ExperimentRow.task, ExperimentRow.id).where(
        col(ExperimentRow.task).in_(slugs),
        ExperimentRow.status == ExperimentStatus.RUNNING.value,
    )
    return dict(list(await session.exec(running)))


async def _waiting(session: AsyncSession, slugs: Sequence[str]) -> dict[str, int]:
    """How many promotions wait for approval, by task."""
    counts = (
        select(PromptProposalRow.task, func.count())
        .where(
            col(PromptProposalRow.task).in_(slugs),
            PromptProposalRow.status == ProposalStatus.WAITING.value,
        )
        .group_by(col(PromptProposalRow.task))
    )
    return dict(list(await session.exec(counts)))
