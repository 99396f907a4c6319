"""What each page shows, put together from the other rooms in a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.candidates import IterationView
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.lineage import Ancestor
from nlu_shared.schemas.promotions import PointerMove, PromotionProposal, ProposalStatus
from nlu_shared.schemas.prompts import PromptVersion, ServingAlias
from nlu_shared.schemas.runs import RunView
from nlu_shared.schemas.triggers import AutoTrigger
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.dashboard.drawing import SearchChart, best_so_far, search_chart, share
from induction.history import lineage
from induction.prompts import pointer
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.prompts.models import PromptMoveRow, PromptVersionRow
from induction.runs import experience
from induction.runs import queries as runs
from induction.runs.models import RunRow
from induction.settings import Settings
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow
from induction.triggers.models import AutoTriggerRow

RUNS, VERSIONS, WAITING = 20, 50, 200


@dataclass(frozen=True, slots=True)
class Serving:
    """The version in production, and since when."""

    version_id: UUID
    version_hash: str
    since: datetime


@dataclass(frozen=True, slots=True)
class TaskCard:
    """A task at a glance; what there is not yet is None."""

    task: TaskRow
    serving: Serving | None
    newest: RunView | None
    judged: RunView | None
    trigger: AutoTrigger


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
    trigger: AutoTrigger

    @property
    def hashes(self) -> dict[UUID, str]:
        """Of the versions that are shown, by id."""
        return {one.id: one.version_hash for one in self.versions}


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """What a person is to decide on, and what it changes of the best prompt."""

    change: IterationView
    diff: PromptDiff


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run, its chart where validation has scored a change, and what is used of its budget;
    `hashes` are of its versions, by id."""

    run: RunView
    hashes: dict[UUID, str]
    best_f1: float | None
    waiting: WaitingChange | None
    last_event: int
    is_over: bool
    is_pausing: bool
    is_cancelling: bool
    chart: SearchChart | None
    calls_share: float
    money_share: float
    minutes: float
    minutes_share: float


@dataclass(frozen=True, slots=True)
class VersionPage:
    """`moved` is the last move of production, `proposals` what waits to make it this version."""

    version: PromptVersion
    against: PromptVersion | None
    diff: PromptDiff | None
    others: list[Ancestor]
    moved: PointerMove | None
    proposals: list[PromotionProposal]


async def overview(session: AsyncSession, settings: Settings, *, caller: Caller) -> Overview:
    """The tasks the caller may touch, by slug."""
    rows = [one for one in await tasks.list_all(session) if caller.may_touch(one.slug)]
    slugs = [one.slug for one in rows]
    newest = await _by_task(session, slugs, judged=False)
    judged = await _by_task(session, slugs, judged=True)
    ids = {row.id: row for row in (*newest.values(), *judged.values())}
    shown = {one.id: one for one in await runs.views(session, list(ids.values()))}
    serving = await _serving(session, slugs)
    triggers = await _triggers(session, slugs)
    cards = [
        TaskCard(
            task=row,
            serving=serving.get(row.slug),
            newest=shown[newest[row.slug].id] if row.slug in newest else None,
            judged=shown[judged[row.slug].id] if row.slug in judged else None,
            trigger=triggers.get(row.slug, AutoTrigger()),
        )
        for row in rows
    ]
    return Overview(cards, await month(session, settings))


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
        trigger=(await _triggers(session, [slug])).get(slug, AutoTrigger()),
    )


async def run_page(session: AsyncSession, row: RunRow) -> RunPage:
    run = await runs.view(session, row)
    limits, spend = run.limits, run.spend
    until = run.completed_at or datetime.now(UTC)
    minutes = 0.0
    if run.started_at is not None:
        minutes = max(0.0, (until - run.started_at).total_seconds() - row.idle_seconds) / 60
    best_f1 = run.final_f1
    if best_f1 is None and run.baseline_f1 is not None:
        best_f1 = best_so_far(run.baseline_f1, run.changes)
    return RunPage(
        run=run,
        best_f1=best_f1,
        hashes=await prompts.hashes(session, [one.version_id for one in run.front]),
        waiting=await _waiting(session, run),
        last_event=row.last_event,
        is_over=run.status.over,
        is_pausing=row.pause_requested,
        is_cancelling=row.cancel_requested and not run.status.over,
        chart=None if run.baseline_f1 is None else search_chart(run.baseline_f1, run.changes),
        calls_share=share(spend.calls, limits.calls),
        money_share=share(spend.usd, limits.money_usd),
        minutes=minutes,
        minutes_share=share(minutes, limits.minutes),
    )


async def _waiting(session: AsyncSession, run: RunView) -> WaitingChange | None:
    change = next((one for one in run.changes if one.n == run.awaits), None)
    before = run.best_version_id or run.baseline_version_id
    if change is None or change.version_id is None or before is None:
        return None
    diff = await registry.diff(session, run.task, before=before, after=change.version_id)
    return WaitingChange(change, diff)


async def version_page(
    session: AsyncSession, task: str, version_id: UUID, *, against: UUID | None
) -> VersionPage:
    """Beside `against`, or without it the version it was made from. Raises NotFound."""
    version = await registry.view(session, await prompts.get(session, task, version_id))
    other_id = against or version.parent_id
    other = diff = None
    if other_id is not None and other_id != version_id:
        other = await registry.view(session, await prompts.get(session, task, other_id))
        diff = await registry.diff(session, task, before=other_id, after=version_id)
    versions = await lineage.page(session, task, before=None, limit=VERSIONS)
    others = [one for one in versions.items if one.id != version_id]
    moves = await pointer.history(
        session, task, alias=ServingAlias.PRODUCTION, as_of=None, before=None, limit=1
    )
    waiting = await registry.proposal_page(
        session, task, status=ProposalStatus.WAITING, before=None, limit=WAITING
    )
    return VersionPage(
        version=version,
        against=other,
        diff=diff,
        others=others,
        moved=next(iter(moves.items), None),
        proposals=[one for one in waiting.items if one.version_id == version_id],
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


async def _triggers(session: AsyncSession, slugs: Sequence[str]) -> dict[str, AutoTrigger]:
    rows = await session.exec(select(AutoTriggerRow).where(col(AutoTriggerRow.task).in_(slugs)))
    return {row.task: AutoTrigger.model_validate(row.body) for row in rows}
