"""Starting and steering runs. Every start, by hand or by trigger, ends in `store`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import httpx2
from nlu_shared.ids import uuid7
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.kit.process.jobs import enqueue
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.jobs import EXECUTE_RUN, INDUCTION_QUEUE, JobOrder
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunKind, RunRequest, RunStatus
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases import service as cases
from induction.engine.data.splits import splits_for
from induction.engine.traffic import on_traffic
from induction.history import failures
from induction.pricing import service as pricing
from induction.prompts import service as prompts
from induction.runs.models import RunHintRow, RunRow
from induction.runs.queries import pinned_later, view
from induction.runs.starting import canaries, replayed, traffic
from induction.runs.starting.experience import answer_tokens, informed
from induction.runs.starting.planning import (
    bound_of,
    held_to,
    plan_of,
    refusal,
    trying,
    usable,
)
from induction.runs.starting.preparing import check, prepared
from induction.runs.truths import LeftOut
from induction.sentences import going_on
from induction.settings import Settings
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks


class ActiveRun(Conflict):
    code = "run_active"
    title = "An improve run of this task is active"


async def start(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    settings: Settings,
    request: RunRequest,
) -> RunView:
    """Freezes the ground truth, stores the run and wakes a worker, in one commit; before it
    nlu-logger is read, outside any transaction.

    Raises NotFound (task, version), Invalid (no baseline, no ground truth, too few labels, truths
    that cannot be answered, no such component, nothing to replay), NoPrice, Archived, ActiveRun
    (one improve run per task at a time), Unavailable (nlu-logger is away), PredictionsNotReadable.
    """
    async with session_scope(database, identity) as session:
        await check(session, settings, request)
        await _require_idle(session, request)
    truth = await cases.read(database, identity, logger, request.task)
    logged = await traffic.newest(logger, request, approved=len(truth.truth.cases))
    async with session_scope(database, identity) as session:
        row = await store(session, settings, request, truth, [one.id for one in logged])
        return await view(session, row)


async def store(
    session: AsyncSession,
    settings: Settings,
    request: RunRequest,
    truth: cases.TruthRead,
    predictions: Sequence[UUID] = (),
) -> RunRow:
    """The start that `truth`, and of a run about traffic the predictions, were read for. Raises as
    `start` does."""
    row, out = await prepared(session, settings, request, truth.truth, predictions=len(predictions))
    if refused := _refusal(out, row, settings):
        raise refused
    await cases.freeze(session, request.task, truth)
    await canaries.place(session, row)
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        await _require_idle(session, request)
        raise ActiveRun from None
    await replayed.freeze(session, row, predictions)
    await enqueue_run(session, row.id)
    await session.refresh(row)
    return row


async def forecast(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    settings: Settings,
    request: RunRequest,
) -> Forecast:
    """What the run could cost at most, and what stands in its way. Creates nothing."""
    async with session_scope(database, identity) as session:
        await check(session, settings, request)
    truth = (await cases.read(database, identity, logger, request.task)).truth
    logged = await traffic.newest(logger, request, approved=len(truth.cases))
    async with session_scope(database, identity) as session:
        row, out = await prepared(session, settings, request, truth, predictions=len(logged))
        spec = held_to((await tasks.get(session, request.task)).spec(), row)
        baseline = await prompts.get(session, request.task, row.baseline_version_id)
        known = await cases.known_splits(session, request.task)
        remembered = await failures.remembered(session, row.remembered)
        members = await prompts.members_of(session, request.task, row.member_ids)
        candidate = await prompts.candidate(session, request.task, request.candidate)
        table = await pricing.table(session, settings)
        answer = await answer_tokens(session, row)

    def bound() -> Forecast:
        own = usable(row, task_of(spec), tuple(map(cases.case_of, truth.cases)))
        splits = splits_for(task_of(spec), own, known, row.seed)
        plan = plan_of(row, spec, baseline.prompt(), own, splits, remembered)
        plan = trying(replace(plan, members=members), candidate)
        return bound_of(
            on_traffic(plan, logged, known, serving=None) if logged else plan,
            row,
            refusal=_refusal(out, row, settings),
            providers=settings.models_of,
            on=pricing.utc_today(),
            table=table,
            answer=answer,
        )

    most = await asyncio.to_thread(bound)
    return await informed(database, identity, settings, row, most)


def _refusal(out: Sequence[LeftOut], row: RunRow, settings: Settings) -> Invalid | None:
    """Truths decide nothing of a run about traffic: they are only quoted."""
    if row.is_on_traffic:
        return None
    return refusal(out, row.dataset_size, most=settings.unanswerable_share)


async def _require_idle(session: AsyncSession, request: RunRequest) -> None:
    """Spares nlu-logger a reading; the index of active runs is what holds."""
    if request.kind is not RunKind.IMPROVE:
        return
    if (row := await active(session, request.task)) is not None:
        raise ActiveRun(
            f"Run {row.id} of this task {going_on(RunStatus(row.status))}: wait for its end, or"
            " cancel it."
        )


async def active(session: AsyncSession, task: str) -> RunRow | None:
    """The improve run of a task that is not over, beside which no other one starts."""
    over = [one.value for one in RunStatus if one.over]
    going_on = select(RunRow).where(
        RunRow.task == task,
        RunRow.kind == RunKind.IMPROVE.value,
        col(RunRow.status).not_in(over),
    )
    return (await session.exec(going_on)).first()


async def pause(session: AsyncSession, run_id: UUID) -> RunRow:
    """Stops after the calls on their way; a run nobody works on pauses at once."""
    row = await locked(session, run_id)
    if row.status in {RunStatus.WAITING, RunStatus.PARKED, RunStatus.AWAITING_APPROVAL}:
        await _idle(session, row, RunStatus.PAUSED)
    elif row.status == RunStatus.RUNNING:
        row.pause_requested = True
    return row


async def resume(session: AsyncSession, run_id: UUID) -> RunRow:
    """Continues where the run was; no answer is paid for twice."""
    row = await locked(session, run_id)
    row.pause_requested = False
    if row.status in {RunStatus.PAUSED, RunStatus.PARKED}:
        row.status = RunStatus.WAITING
        row.not_before = None
        await enqueue_run(session, run_id)
    return row


async def hint(session: AsyncSession, run_id: UUID, text: str) -> RunRow:
    """Reaches the next proposal."""
    row = await locked(session, run_id)
    session.add(RunHintRow(id=uuid7(), run_id=run_id, hint=text))
    return row


async def pin(session: AsyncSession, run_id: UUID, block: str) -> RunRow:
    """No change that is proposed later edits it; one that is under way may have. Raises Invalid for
    a block that neither the baseline nor the best prompt has."""
    row = await locked(session, run_id)
    named: dict[str, None] = {}
    ids = {row.baseline_version_id, row.best_version_id}
    for version_id in (one for one in ids if one is not None):
        prompt = (await prompts.get(session, row.task, version_id)).prompt()
        named |= dict.fromkeys(one.name for one in prompt.instructions)
    if block not in named:
        raise Invalid(
            f"The run's prompt has no such block. It has: {', '.join(named)}.", code="unknown_block"
        )
    later = (await pinned_later(session, [run_id])).get(run_id, [])
    if block not in {*row.pins, *later}:
        words = f"Leave the block {block} as it is: a person pinned it."
        session.add(RunHintRow(id=uuid7(), run_id=run_id, hint=words, block=block))
        await session.flush()
    return row


async def locked(session: AsyncSession, run_id: UUID) -> RunRow:
    row = (
        await session.exec(select(RunRow).where(RunRow.id == run_id).with_for_update())
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such run.")
    if RunStatus(row.status).over:
        raise Conflict("The run is over.", code="run_over")
    return row


async def _idle(session: AsyncSession, row: RunRow, status: RunStatus) -> None:
    await session.execute(
        text(
            """
            UPDATE runs SET status = :status, reason = NULL,
                idle_since = coalesce(idle_since, now())
            WHERE id = :id
            """
        ),
        {"id": row.id, "status": status.value},
    )
    await session.refresh(row)


async def enqueue_run(session: AsyncSession, run_id: UUID) -> None:
    await enqueue(
        session,
        JobOrder(
            name=EXECUTE_RUN,
            queue=INDUCTION_QUEUE,
            job_id=f"run:{run_id}",
            arguments=(str(run_id),),
        ),
    )


async def get(session: AsyncSession, run_id: UUID) -> RunRow:
    row = await session.get(RunRow, run_id)
    if row is None:
        raise NotFound("There is no such run.")
    return row
