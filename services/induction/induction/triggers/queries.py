"""What the trigger knows from rows: runs, looks, money, canaries, decisions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from nlu_shared.kit.data.orders import Sorts, ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.order import NEWEST, Order
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.canary import Canary
from nlu_shared.schemas.runs import RunKind, RunStatus, TriggerType
from nlu_shared.schemas.triggers import TriggerDecision
from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.runs.models import RunRow
from induction.tasks import service as tasks
from induction.triggers.causes import Night
from induction.triggers.models import AutoTriggerRow, TriggerDecisionRow
from induction.triggers.policy import AutomaticRun

MOST_RUNS = 100
"""As many automatic runs as a rule can ask about."""
RECENT = timedelta(days=2)
"""A canary that is older says nothing of the provider now."""
_LOOKED = text(
    """
    SELECT greatest(
        (SELECT max(created_at) FROM runs WHERE task = :task AND trigger_type = 'manual'),
        (SELECT max(moved_at) FROM prompt_moves WHERE task = :task AND alias = 'production')
    )
    """
)
_SERVES = text(
    """
    SELECT version_id, version_hash, moved_at AS since FROM prompt_moves
    JOIN prompt_versions ON prompt_versions.id = version_id
    WHERE prompt_moves.task = :task AND alias = 'production' ORDER BY n DESC LIMIT 1
    """
)
_MEASURED_WITH = text(
    """
    SELECT labels_version FROM prompt_scores WHERE version_id = :version
    ORDER BY run_id DESC LIMIT 1
    """
)
_TAKEN = text(
    """
    SELECT coalesce(sum(coalesce(cost_usd, reserved_usd)), 0)::float8 FROM llm_calls
    WHERE run_id = (
        SELECT id FROM runs WHERE task = :task AND kind = 'improve' AND task_model = :model
            AND status = 'completed' AND candidate_version_id IS NULL
        ORDER BY id DESC LIMIT 1
    )
    """
)
_CANARIES = text(
    """
    SELECT canary, created_at, completed_at FROM runs
    WHERE task = :task AND kind = 'canary' AND status = 'completed' AND canary IS NOT NULL
        AND baseline_version_id = :version AND task_model = :model
    ORDER BY id DESC LIMIT 30
    """
)


@dataclass(frozen=True, slots=True)
class Serving:
    """The version in production, and since when."""

    version_id: UUID
    version_hash: str
    since: datetime

    def is_named(self, prompt_version: str) -> bool:
        """Whether a backend means it: by its id, or by its hash or the beginning of that."""
        if prompt_version == str(self.version_id):
            return True
        return len(prompt_version) >= 8 and self.version_hash.startswith(prompt_version)


async def now(session: AsyncSession) -> datetime:
    """By the clock that runs are stamped by."""
    moment: datetime = (await session.execute(select(func.now()))).scalar_one()
    return moment


async def hold(session: AsyncSession, task: str) -> None:
    """Until the commit nobody else decides about this task."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('consider'), hashtext(:task))"),
        {"task": task},
    )


async def hold_rules(session: AsyncSession, task: str) -> None:
    """Until the commit nobody else changes the rules of this task."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('rules'), hashtext(:task))"), {"task": task}
    )


async def serving(session: AsyncSession, task: str) -> Serving | None:
    row = (await session.execute(_SERVES, {"task": task})).one_or_none()
    return None if row is None else Serving(row.version_id, row.version_hash, row.since)


async def looked_at(
    session: AsyncSession, row: AutoTriggerRow | None, task: str
) -> datetime | None:
    """When a person last looked, by what people do: see `AutoTriggerView`."""
    of_runs: datetime | None = (await session.execute(_LOOKED, {"task": task})).scalar_one()
    here = [row.looked_at, row.reset_at] if row is not None else []
    return max((one for one in (of_runs, *here) if one is not None), default=None)


async def last_run(session: AsyncSession, task: str, kind: RunKind) -> RunRow | None:
    newest = (
        select(RunRow)
        .where(RunRow.task == task, RunRow.kind == kind.value)
        .order_by(col(RunRow.id).desc())
        .limit(1)
    )
    return (await session.exec(newest)).one_or_none()


async def automatic_runs(session: AsyncSession, task: str) -> list[AutomaticRun]:
    """Improve runs that started by themselves, the newest first."""
    chosen = (
        select(RunRow.created_at, RunRow.status, RunRow.baseline_f1, RunRow.final_f1)
        .where(
            RunRow.task == task,
            RunRow.kind == RunKind.IMPROVE.value,
            RunRow.trigger_type == TriggerType.AUTO.value,
        )
        .order_by(col(RunRow.id).desc())
        .limit(MOST_RUNS)
    )
    return [
        AutomaticRun(
            started_at=started_at,
            is_over=RunStatus(status).over,
            gain=None if before is None or after is None else after - before,
        )
        for started_at, status, before, after in await session.exec(chosen)
        if started_at is not None
    ]


async def measured_with(session: AsyncSession, version_id: UUID) -> int | None:
    """The version of the label set that this prompt was last measured with."""
    measured = await session.execute(_MEASURED_WITH, {"version": version_id})
    version: int | None = measured.scalar_one_or_none()
    return version


async def run_takes(session: AsyncSession, task: str, model: str) -> float:
    """US dollars of the last completed search by this model; 0 where there is none."""
    taken = await session.execute(_TAKEN, {"task": task, "model": model})
    return float(taken.scalar_one())


async def nights(
    session: AsyncSession, task: str, version_id: UUID, model: str, *, since: datetime | None
) -> tuple[Night | None, Night | None]:
    """The newest canary if it is recent, and the newest since then that found another model."""
    at = await now(session)
    rows = await session.execute(_CANARIES, {"task": task, "version": version_id, "model": model})
    ended = [(Night(Canary.model_validate(row.canary), row.completed_at), row) for row in rows]
    newest = next((night for night, _ in ended if at - night.at < RECENT), None)
    drifted = (
        night
        for night, row in ended
        if night.canary.drifted and (since is None or row.created_at > since)
    )
    return newest, next(drifted, None)


async def enabled_tasks(session: AsyncSession, rule: str) -> list[str]:
    """Those that have this switch on, by name."""
    rows = await session.exec(select(AutoTriggerRow).order_by(col(AutoTriggerRow.task)))
    return [row.task for row in rows if row.body.get(rule)]


DECISIONS: Sorts = {
    "decided": col(TriggerDecisionRow.id),
    "times": col(TriggerDecisionRow.times),
    "cases": col(TriggerDecisionRow.cases),
    "live_f1": col(TriggerDecisionRow.live_f1),
}
"""What decisions can be ordered by."""


async def decision_page(
    session: AsyncSession,
    task: str | None,
    *,
    before: UUID | None,
    limit: int,
    own: Collection[str] | None = None,
    started: bool | None = None,
    order: Order = NEWEST,
) -> Page[TriggerDecision]:
    """The newest first, or in an order. Raises NotFound.

    session: for reading.
    task: whose they are; None: of all tasks that may be read.
    before: the decision after which the page begins; None: the first page.
    limit: of the page.
    own: the tasks that may be read; None: all.
    started: those that started a run alone, or those that did not; None: both.
    order: another one.
    """
    rows = select(TriggerDecisionRow)
    if own is not None:
        rows = rows.where(col(TriggerDecisionRow.task).in_(own))
    if task is not None:
        await tasks.get(session, task)
        rows = rows.where(TriggerDecisionRow.task == task)
    if started is not None:
        rows = rows.where(col(TriggerDecisionRow.started).is_(started))
    by_id = col(TriggerDecisionRow.id)
    arranged = await ordered(session, rows, DECISIONS, order, id=by_id, before=before)
    page, cursor = cut((await session.execute(arranged.limit(limit + 1))).scalars().all(), limit)
    return Page(items=[row.view() for row in page], next_cursor=cursor)


async def decided_between(
    session: AsyncSession, since: datetime, until: datetime, *, tasks: list[str] | None, most: int
) -> tuple[list[TriggerDecisionRow], int]:
    """Decisions about these tasks (None: all) that were made or made again in that time, the newest
    first, and how many there are."""
    within = [col(TriggerDecisionRow.last_decided_at) >= since]
    within.append(col(TriggerDecisionRow.decided_at) < until)
    if tasks is not None:
        within.append(col(TriggerDecisionRow.task).in_(tasks))
    newest = (
        select(TriggerDecisionRow)
        .where(*within)
        .order_by(col(TriggerDecisionRow.id).desc())
        .limit(most)
    )
    total = (
        await session.exec(select(func.count()).select_from(TriggerDecisionRow).where(*within))
    ).one()
    return list((await session.exec(newest)).all()), total


async def last_decision(session: AsyncSession, task: str) -> TriggerDecisionRow | None:
    newest = (
        select(TriggerDecisionRow)
        .where(TriggerDecisionRow.task == task)
        .order_by(col(TriggerDecisionRow.id).desc())
        .limit(1)
    )
    return (await session.exec(newest)).one_or_none()
