"""What each page shows, put together from the other rooms in a constant number of statements."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.insights import Every, LiveScore
from nlu_shared.schemas.lineage import Ancestor
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.triggers import AutoTrigger, TriggerDecision
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import upstream
from induction.catalogue import service as catalogue
from induction.dashboard import cards, queries
from induction.dashboard.cards import Comparison, Figure, Finding, SplitMeasurement
from induction.dashboard.drawing import share
from induction.dashboard.queries import Proven
from induction.dashboard.trend import WEEKS, Trend, trend
from induction.history import lineage
from induction.prompts import service as prompts
from induction.runs import queries as runs
from induction.runs.starting import experience
from induction.settings import Settings
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow
from induction.triggers import service as triggered
from induction.triggers import wording
from induction.triggers.facts import NO_TRAFFIC, of_serving
from induction.triggers.models import AutoTriggerRow
from induction.triggers.queries import Serving
from induction.upstream import UpstreamAway

RUNS, VERSIONS = 10, 10
LIVE, TREND = timedelta(days=28), timedelta(weeks=WEEKS)
PATIENCE = timedelta(seconds=1)
"""So long a page waits for what another service would add to it."""
_IS_UNKNOWN = re.compile("live (F1|exact match) is unknown")
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
    running; `figure` is what serves, `finding` what the run that was `judged` last found, `better`
    what an earlier one has proven better than what serves; `spent_usd` is of this month;
    `has_traffic`: has any prediction of what serves come, None where that is not known?"""

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
    figure: Figure
    finding: Finding | None
    better: Proven | None
    spent_usd: float
    has_traffic: bool | None

    @property
    def considered_now(self) -> list[str]:
        """The reasons of the newest decision; that live F1 is unknown stands on the card already,
        with why that is so now."""
        reasons = [] if self.considered is None else self.considered.reasons
        return [one for one in reasons if self.live is None or not _IS_UNKNOWN.match(one)]


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
    slugs = [one.slug for one in rows]
    newest = await queries.by_task(session, slugs, judged=False)
    judged = await queries.by_task(session, slugs, judged=True)
    ids = {row.id: row for row in (*newest.values(), *judged.values())}
    shown = {one.id: one for one in await runs.views(session, list(ids.values()))}
    serving = await queries.serving(session, slugs)
    triggers = await queries.triggers(session, slugs)
    decisions = await queries.decisions(session, slugs)
    waiting = await queries.waiting(session, slugs)
    experiments = await queries.experiments(session, slugs)
    verdicts = {row.task: shown[row.id] for row in judged.values()}
    pairs = {
        run.best_version_id: serving[task].version_id
        for task, run in verdicts.items()
        if task in serving and run.best_version_id is not None
    }
    comparisons = await queries.comparisons(session, slugs, pairs)
    models = {row.slug: row.task_model or settings.task_model for row in rows}
    measured = await queries.measured(
        session, {one.version_id: models[task] for task, one in serving.items()}
    )
    proven = await queries.proven(session, serving)
    spent = await queries.spent(session, slugs)
    lives = {task: _live_score(task, one, scores) for task, one in serving.items()}
    now = datetime.now(UTC)
    shown_cards = [
        TaskCard(
            task=row,
            serving=serving.get(row.slug),
            newest=shown[newest[row.slug].id] if row.slug in newest else None,
            judged=verdicts.get(row.slug),
            trigger=_rules(triggers.get(row.slug)),
            is_paused=row.slug in triggers and triggers[row.slug].paused_at is not None,
            considered=_current(decisions.get(row.slug), triggers.get(row.slug)),
            live=_live(serving.get(row.slug), lives.get(row.slug), scores),
            trend=trend(
                scores.weekly,
                row.slug,
                threshold=_threshold(triggers.get(row.slug)),
                until=now,
            ),
            waiting=waiting.get(row.slug, 0),
            experiment=experiments.get(row.slug),
            figure=_figure(serving.get(row.slug), lives.get(row.slug), measured),
            finding=_finding(
                serving.get(row.slug), verdicts.get(row.slug), comparisons, models[row.slug]
            ),
            better=_unsaid(proven.get(row.slug), verdicts.get(row.slug)),
            spent_usd=spent.get(row.slug, 0.0),
            has_traffic=None if scores.newest is None else lives.get(row.slug) is not None,
        )
        for row in rows
    ]
    named = {card.finding.about for card in shown_cards if card.finding and card.finding.about}
    named |= {card.better.version_id for card in shown_cards if card.better}
    hashes = await prompts.hashes(session, named)
    return Overview(
        cards=shown_cards,
        month=await month(session, settings),
        hashes=hashes,
        offline=await prompts.made_offline(
            session, {*named, *(one.version_id for one in serving.values())}
        ),
        ending=await catalogue.ending(session, settings, caller),
    )


def _current(
    decision: TriggerDecision | None, row: AutoTriggerRow | None
) -> TriggerDecision | None:
    """What was decided by other rules says nothing of how it stands now."""
    if decision is None or triggered.is_old(decision, row):
        return None
    return decision


def _threshold(row: AutoTriggerRow | None) -> float | None:
    """Below which a run starts by itself, where one may."""
    rules = _rules(row)
    return rules.f1_threshold if rules.enabled else None


def _live_score(task: str, serves: Serving, scores: LiveScores) -> LiveScore | None:
    """Of predictions that name what serves: others may be of any version before it."""
    newest = scores.newest or ()
    named = [one for one in newest if one.task == task and one.prompt_version is not None]
    return of_serving(named, serves)


def _live(serves: Serving | None, score: LiveScore | None, scores: LiveScores) -> str | None:
    if serves is None:
        return None
    if scores.newest is None:
        return NO_ANSWER
    return NO_TRAFFIC if score is None else wording.live(score)


def _figure(
    serves: Serving | None, live: LiveScore | None, measured: Mapping[UUID, SplitMeasurement]
) -> Figure:
    known = None if serves is None else measured.get(serves.version_id)
    return cards.figure(live, known, serves=serves is not None)


def _unsaid(proven: Proven | None, newest: RunView | None) -> Proven | None:
    """Where the newest verdict is not about it."""
    if proven is None or (newest is not None and newest.best_version_id == proven.version_id):
        return None
    return proven


def _finding(
    serves: Serving | None,
    run: RunView | None,
    comparisons: Mapping[UUID, Comparison],
    model: str,
) -> Finding | None:
    """serves: in production. run: the newest with a verdict. comparisons: as in `cards.finding`.
    model: that answers now."""
    serving_id = None if serves is None else serves.version_id
    return None if run is None else cards.finding(run, serving_id, comparisons, model=model)


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


def _rules(row: AutoTriggerRow | None) -> AutoTrigger:
    return AutoTrigger() if row is None else AutoTrigger.model_validate(row.body)
