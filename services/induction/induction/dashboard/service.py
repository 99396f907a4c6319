"""What each page shows, put together from the other rooms in a constant number of statements."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.insights import Every, LiveScore
from nlu_shared.schemas.lineage import Ancestor
from nlu_shared.schemas.run_views import RunView
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import upstream
from induction.catalogue import service as catalogue
from induction.dashboard import queries, task_cards
from induction.dashboard.drawing import share
from induction.dashboard.task_cards import LiveScores, TaskCard, TaskFacts
from induction.dashboard.trend import WEEKS
from induction.history import lineage
from induction.prompts import service as prompts
from induction.runs import queries as runs
from induction.runs.starting import experience
from induction.settings import Settings
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow
from induction.triggers.queries import Serving
from induction.upstream import UpstreamAway

RUNS, VERSIONS = 10, 10
LIVE, TREND = timedelta(days=28), timedelta(weeks=WEEKS)
PATIENCE = timedelta(seconds=1)
"""So long a page waits for what another service would add to it."""


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
    """`hashes` are of the candidates that cards name, by id; `offline` are versions made on the
    offline learner, `ending` tells of models in use that retire."""

    cards: list[TaskCard]
    month: Month
    hashes: Mapping[UUID, str]
    offline: set[UUID]
    ending: list[str]


@dataclass(frozen=True, slots=True)
class TaskPage:
    """The newest runs and versions; `hashes` are of the versions' parents, by id; `offline` are
    those made on the offline learner."""

    task: TaskRow
    serving: Serving | None
    runs: list[RunView]
    versions: list[Ancestor]
    hashes: Mapping[UUID, str]
    offline: set[UUID]


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
    facts = await _gathered(session, settings, rows, scores)
    now = datetime.now(UTC)
    cards = [task_cards.card_of(row, facts, now) for row in rows]
    named = {card.finding.about for card in cards if card.finding and card.finding.about}
    named |= {card.better.version_id for card in cards if card.better}
    serving = {one.version_id for one in facts.serving.values()}
    return Overview(
        cards=cards,
        month=await month(session, settings),
        hashes=await prompts.hashes(session, named),
        offline=await prompts.made_offline(session, named | serving),
        ending=await catalogue.ending(session, settings, caller),
    )


async def _gathered(
    session: AsyncSession, settings: Settings, rows: Sequence[TaskRow], scores: LiveScores
) -> TaskFacts:
    """What the cards of these tasks rest on."""
    slugs = [one.slug for one in rows]
    newest = await queries.by_task(session, slugs, judged=False)
    judged = await queries.by_task(session, slugs, judged=True)
    ids = {row.id: row for row in (*newest.values(), *judged.values())}
    shown = {one.id: one for one in await runs.views(session, list(ids.values()))}
    serving = await queries.serving(session, slugs)
    verdicts = {task: shown[row.id] for task, row in judged.items()}
    models = {row.slug: row.task_model or settings.task_model for row in rows}
    pairs = {
        run.best_version_id: serving[task].version_id
        for task, run in verdicts.items()
        if task in serving and run.best_version_id is not None
    }
    return TaskFacts(
        scores=scores,
        models=models,
        newest={task: shown[row.id] for task, row in newest.items()},
        judged=verdicts,
        serving=serving,
        triggers=await queries.triggers(session, slugs),
        decisions=await queries.decisions(session, slugs),
        waiting=await queries.waiting(session, slugs),
        experiments=await queries.experiments(session, slugs),
        comparisons=await queries.comparisons(session, slugs, pairs),
        measured=await queries.measured(
            session, {one.version_id: models[task] for task, one in serving.items()}
        ),
        proven=await queries.proven(session, serving),
        spent=await queries.spent(session, slugs),
    )


async def task_page(session: AsyncSession, slug: str) -> TaskPage:
    """Raises NotFound."""
    task = await tasks.get(session, slug)
    page = await runs.page(session, None, task=slug, before=None, limit=RUNS)
    versions = await lineage.page(session, slug, before=None, limit=VERSIONS)
    parents = {one.parent_id for one in versions.items if one.parent_id is not None}
    serving = (await queries.serving(session, [slug])).get(slug)
    ids = {one.id for one in versions.items} | ({serving.version_id} if serving else set())
    return TaskPage(
        task=task,
        hashes=await prompts.hashes(session, parents),
        offline=await prompts.made_offline(session, ids),
        serving=serving,
        runs=list(page.items),
        versions=list(versions.items),
    )


async def month(session: AsyncSession, settings: Settings) -> Month:
    """Of all tasks: the cap holds for them together."""
    return Month(await experience.spent_this_month(session), settings.month_cap_usd)
