"""Experiments: begun, stopped, looked at.

nlu-logger is read while no connection is held. Whoever begins, decides or stops holds the task's
row until the commit, as promotions do.
"""

from datetime import datetime, timedelta
from uuid import UUID

import httpx2
from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Conflict, Invalid
from nlu_shared.schemas.experiments import (
    ArmCounts,
    Experiment,
    ExperimentIn,
    ExperimentStatus,
    ExperimentStopIn,
)
from nlu_shared.schemas.insights import IntentOutcome
from nlu_shared.schemas.promotions import PromotionIn, PromotionVerdict
from nlu_shared.schemas.prompts import ServingAlias, TaskKind
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import upstream
from induction.experiments import course, evidence, plans, policy, queries
from induction.experiments.models import ExperimentRow, ExperimentStepRow
from induction.experiments.policy import ExperimentState, Next
from induction.prompts import pointer, proposals
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow

BEFORE = timedelta(days=28)
"""So far back production's success rate is read."""
ITSELF = "experiment"
"""Who ends an experiment that decides by itself."""
ENDS = {
    Next.WINS: ExperimentStatus.WON,
    Next.ROLLS_BACK: ExperimentStatus.ROLLED_BACK,
    Next.STOPS: ExperimentStatus.STOPPED,
}


class Running(Conflict):
    code = "experiment_running"
    title = "An experiment of this task is running, or has won and still gives units its candidate"


class Over(Conflict):
    code = "experiment_over"
    title = "The experiment is over"


async def start(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    task: str,
    plan: ExperimentIn,
    *,
    by: str,
) -> Experiment:
    """Raises NotFound, Running, Invalid, InsightsNotReadable, UpstreamAway."""
    plans.require_rising(plan)
    async with session_scope(database, identity) as session:
        a = await _contested(session, task, plan)
        since = await queries.now(session) - BEFORE
    before = await upstream.fetch_outcomes(logger, task, version=str(a.id), since=since)
    async with session_scope(database, identity) as session:
        of_task = await tasks.held(session, task)
        tasks.require_current(of_task)
        await _settle(session, task)
        a = await _contested(session, task, plan)
        b = await prompts.get(session, task, plan.version_id)
        plans.require_answered(plan.guards, _answered(of_task, a, b))
        at, at_move = await queries.now(session), await pointer.newest_move(session, task)
        row = _begun(a, plan, before, at=at, at_move=at_move, by=by)
        session.add(row)
        await session.flush()
        await _step(session, row, plan.shares[0], "it began")
        await audit.record(
            session, actor=by, action="experiments.start", subject=task, experiment=str(row.id)
        )
        return await queries.view(session, row)


def _answered(of_task: TaskRow, *versions: PromptVersionRow) -> set[str]:
    if of_task.kind != TaskKind.INTENT:
        return {of_task.kind}
    names = {str(one["name"]) for one in of_task.labels}
    return names | {name for version in versions for name in version.labels}


async def _contested(session: AsyncSession, task: str, plan: ExperimentIn) -> PromptVersionRow:
    """The version that serves. Raises NotFound, Invalid, Running."""
    a = await registry.serving(session, task, ServingAlias.PRODUCTION)
    b = await prompts.get(session, task, plan.version_id)
    if a.id == b.id:
        raise Invalid("The version serves already.")
    if await queries.giving(session, task) is not None:
        raise Running("POST /v1/prompts/{task}/experiments/{id}/stop ends it.")
    return a


def _begun(
    a: PromptVersionRow,
    plan: ExperimentIn,
    before: list[IntentOutcome],
    *,
    at: datetime,
    at_move: int,
    by: str,
) -> ExperimentRow:
    guarded = {one.intent for one in plan.guards}
    return ExperimentRow(
        id=uuid7(),
        task=a.task,
        status=ExperimentStatus.RUNNING.value,
        a_version_id=a.id,
        b_version_id=plan.version_id,
        plan=plan.model_dump(mode="json", exclude={"reason"}),
        reason=plan.reason,
        centre=evidence.centre(sum(x.successes for x in before), sum(x.total for x in before)),
        centres={
            one.predicted_intent: evidence.centre(one.successes, one.total)
            for one in before
            if one.predicted_intent in guarded and one.total >= evidence.FEWEST
        },
        counted_until=at,
        by=by,
        created_at=at,
        began_at_move=at_move,
    )


async def stop(
    session: AsyncSession, task: str, experiment_id: UUID, body: ExperimentStopIn, *, by: str
) -> Experiment:
    """Everybody gets what serves in production from the commit on. One that has won stays so, with
    its conclusion; one that was stopped, or that production has moved away from, stays as it was.
    Raises NotFound, Over for one that was rolled back."""
    await tasks.held(session, task)
    await _settle(session, task)
    row = await queries.get(session, task, experiment_id, hold=True)
    if row.status == ExperimentStatus.ROLLED_BACK:
        raise Over
    why, at = body.reason or "stopped", await queries.now(session)
    if row.status == ExperimentStatus.RUNNING:
        await _end(session, row, ExperimentStatus.STOPPED, why, by=by, at=at)
    elif row.gives_b and await queries.left_at(session, row) is None:
        row.over_at_move = await pointer.newest_move(session, task)
        row.stopped_at, row.stopped_by, row.stopped_because = at, by, why
        await _noted(session, row, "stopped", by=by)
    return await queries.view(session, row)


async def _settle(session: AsyncSession, task: str) -> None:
    """A running experiment is over since production moved, though nobody has looked since."""
    for row, at in await queries.overtaken(session, task):
        await _end(session, row, ExperimentStatus.STOPPED, policy.MOVED, by=ITSELF, at=at)


async def look(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    task: str,
    experiment_id: UUID,
) -> Experiment:
    """Counts what has settled since the last look and acts on it; of two looks at once one counts.
    Raises NotFound, InsightsNotReadable, UpstreamAway."""
    async with session_scope(database, identity) as session:
        row = await queries.get(session, task, experiment_id)
        plan, until = row.planned(), await queries.now(session)
        until -= timedelta(hours=plan.outcome_within_hours)
        taken = await queries.steps(session, experiment_id)
        names = [await _names(session, one) for one in (row.a_version_id, row.b_version_id)]
        after = row.counted_until
    counts = ArmCounts(items=[])
    if until > after:
        counts = await upstream.fetch_arms(
            logger,
            task,
            unit=plan.unit,
            a=names[0],
            b=names[1],
            steps=[one.since for one in taken],
            lag_minutes=plan.lag_minutes,
            after=after,
            until=until,
        )
    async with session_scope(database, identity) as session:
        of_task = await tasks.held(session, task)
        row = await queries.get(session, task, experiment_id, hold=True)
        if row.status == ExperimentStatus.RUNNING and row.counted_until == after:
            guarded = {one.intent for one in plan.guards}
            await queries.add_counts(session, row.id, counts.items, guarded)
            row.counted_until = max(after, until)
            await _decide(session, of_task, row, counts)
        return await queries.view(session, row)


async def _names(session: AsyncSession, version_id: UUID) -> list[str]:
    """By which predictions may name the version."""
    hashes = await prompts.hashes(session, [version_id])
    return [str(version_id), hashes[version_id]]


async def _decide(
    session: AsyncSession, of_task: TaskRow, row: ExperimentRow, counts: ArmCounts
) -> None:
    plan, now = row.planned(), await queries.now(session)
    step = (await queries.steps(session, row.id))[-1]
    counted = await queries.counted(session, row.id)
    measured = evidence.evidence(
        [one for _, one in counted],
        centre=row.centre,
        guards=plan.guards,
        centres=row.centres,
        looked_at=now,
        settled_until=row.counted_until,
    )
    row.evidence = course.grown(row.observed(), measured, counts).model_dump(mode="json")
    left_at = await queries.left_at(session, row)
    standing = ExperimentState(
        now=now,
        created_at=row.created_at,
        share=step.share,
        since=step.since,
        settled=sum(one.units for n, one in counted if n == step.n),
        has_moved=left_at is not None,
    )
    what, why = policy.decide(plan, standing, measured)
    larger = policy.next_share(plan.shares, step.share)
    if what is Next.STEPS_UP and larger is not None:
        await _step(session, row, larger, why)
    elif what in ENDS:
        await _end(session, row, ENDS[what], why, by=ITSELF, at=left_at or now)
    if what is Next.WINS:
        await _won(session, of_task, row, why)
    await session.flush()


async def _won(session: AsyncSession, of_task: TaskRow, row: ExperimentRow, why: str) -> None:
    """Everybody gets b, where the plan says so and the task asks for nothing before a version
    serves; and its promotion is asked for, where the plan says so."""
    plan, rules = row.planned(), of_task.promotion_rules
    is_free = not rules.promotion_approvals and rules.promotion_verdict is PromotionVerdict.ANY
    if plan.shares[-1] == 1 and is_free:
        await _step(session, row, 1.0, why)
    if plan.promote:
        order = PromotionIn(reason=f"Experiment {row.id}: {why}")
        try:
            async with session.begin_nested():
                proposal = await proposals.promote(
                    session, row.task, row.b_version_id, order, by=row.by
                )
        except Conflict as refused:
            row.conclusion = f"{why}; not promoted: {refused.title}"
        else:
            row.proposal_id = None if proposal is None else proposal.id


async def _step(session: AsyncSession, row: ExperimentRow, share: float, why: str) -> None:
    n = len(await queries.steps(session, row.id)) + 1
    session.add(
        ExperimentStepRow(
            experiment_id=row.id, n=n, share=share, since=await queries.now(session), reason=why
        )
    )
    await session.flush()


async def _end(
    session: AsyncSession,
    row: ExperimentRow,
    status: ExperimentStatus,
    why: str,
    *,
    by: str,
    at: datetime,
) -> None:
    if status is not ExperimentStatus.WON:
        row.over_at_move = await pointer.newest_move(session, row.task)
    row.status, row.conclusion, row.ended_at, row.ended_by = status.value, why, at, by
    await _noted(session, row, status.value, by=by)


async def _noted(session: AsyncSession, row: ExperimentRow, what: str, *, by: str) -> None:
    await audit.record(
        session, actor=by, action=f"experiments.{what}", subject=row.task, experiment=str(row.id)
    )
    await session.flush()
