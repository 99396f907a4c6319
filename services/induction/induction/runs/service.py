"""Starting and steering runs. Every start, by hand or by trigger, ends in `store`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import httpx2
from nlu_shared.ids import uuid7
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.kit.process.jobs import enqueue
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.jobs import EXECUTE_RUN, INDUCTION_QUEUE, JobOrder
from nlu_shared.schemas.runs import RunKind, RunRequest, RunStatus, RunView
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import upstream
from induction.cases import service as cases
from induction.engine import ENGINE_VERSION
from induction.engine.data.splits import splits_for
from induction.history import failures
from induction.pricing import service as pricing
from induction.prompts import service as prompts
from induction.runs import canaries
from induction.runs.experience import informed
from induction.runs.models import RunHintRow, RunRow
from induction.runs.planning import (
    bound_of,
    held_to,
    limits_of,
    obstacles,
    plan_of,
    refusal,
    usable,
)
from induction.runs.queries import looks, view
from induction.runs.steering import defaults_of, require_known
from induction.runs.truths import LeftOut
from induction.settings import Settings
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow


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
    that cannot be answered, no such component), NoPrice, Archived, ActiveRun (one improve run per
    task at a time), Unavailable (nlu-logger is away).
    """
    async with session_scope(database, identity) as session:
        await _check(session, settings, request)
        await _require_idle(session, request)
    truth = await cases.read(database, identity, logger, request.task)
    async with session_scope(database, identity) as session:
        return await view(session, await store(session, settings, request, truth))


async def store(
    session: AsyncSession, settings: Settings, request: RunRequest, truth: cases.TruthRead
) -> RunRow:
    """The start that `truth` was read for. Raises as `start` does."""
    row, out = await _prepared(session, settings, request, truth.truth)
    if refused := refusal(out, row.dataset_size, most=settings.unanswerable_share):
        raise refused
    await cases.freeze(session, request.task, truth)
    await canaries.place(session, row)
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise ActiveRun from None
    await ring(session, row.id)
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
        await _check(session, settings, request)
    truth = (await cases.read(database, identity, logger, request.task)).truth
    async with session_scope(database, identity) as session:
        row, out = await _prepared(session, settings, request, truth)
        spec = held_to((await tasks.get(session, request.task)).spec(), row)
        baseline = await prompts.get(session, request.task, row.baseline_version_id)
        known = await cases.known_splits(session, request.task)
        remembered = await failures.remembered(session, row.remembered)
        table = await pricing.table(session, settings)

    def bound() -> Forecast:
        own = usable(row, task_of(spec), tuple(map(cases.case_of, truth.cases)))
        splits = splits_for(task_of(spec), own, known, row.seed)
        return bound_of(
            plan_of(row, spec, baseline.prompt(), own, splits, remembered),
            row,
            refusal=refusal(out, row.dataset_size, most=settings.unanswerable_share),
            providers=settings.models_of,
            on=pricing.utc_today(),
            table=table,
        )

    most = await asyncio.to_thread(bound)
    return await informed(database, identity, settings, row, most)


@dataclass(frozen=True, slots=True)
class _Checked:
    row: TaskRow
    baseline_id: UUID
    task_model: str
    proposer_model: str
    notes: tuple[str, ...]  # on its models


async def _check(session: AsyncSession, settings: Settings, request: RunRequest) -> _Checked:
    """All that can be refused without the ground truth."""
    row = await tasks.get(session, request.task)
    tasks.require_current(row)
    baseline_id = request.prompt_version or await prompts.production_id(session, request.task)
    if baseline_id is None:
        raise Invalid("Import a prompt and promote it, or name a version.", code="no_baseline")
    await prompts.get(session, request.task, baseline_id)
    task_model = request.models.task or row.task_model or settings.task_model
    proposer_model = request.models.proposer or row.proposer_model or settings.proposer_model
    compared = [settings.models_of.of(one) for one in (task_model, *request.to_models)]
    if len(set(compared)) < len(compared):
        raise Invalid("A migration to the task's own model, or twice to one.", code="same_model")
    new = {f"to_models.{number}": model for number, model in enumerate(request.to_models)}
    await pricing.require(session, settings, new)
    models = (task_model, proposer_model, *request.to_models)
    notes = await pricing.remarks(session, settings, models)
    return _Checked(row, baseline_id, task_model, proposer_model, notes)


async def _require_idle(session: AsyncSession, request: RunRequest) -> None:
    """Spares nlu-logger a reading; the index of active runs is what holds."""
    if request.kind is not RunKind.IMPROVE:
        return
    of_task = select(RunRow.status).where(
        RunRow.task == request.task, RunRow.kind == RunKind.IMPROVE.value
    )
    if any(not RunStatus(status).over for status in await session.exec(of_task)):
        raise ActiveRun


async def _prepared(
    session: AsyncSession, settings: Settings, request: RunRequest, truth: upstream.GroundTruth
) -> tuple[RunRow, Sequence[LeftOut]]:
    """The row of this start, not yet stored, and the truths it leaves out."""
    checked = await _check(session, settings, request)
    checked.row.copy_labels(truth.labels)
    spec = checked.row.held_to(truth.labels)
    if not truth.cases:
        raise Invalid("The task has no approved ground truth.", code="no_ground_truth")
    baseline = (await prompts.get(session, request.task, checked.baseline_id)).prompt()
    require_known(spec, request, baseline)
    tasks.require_enough(spec)
    own = tuple(map(cases.case_of, truth.cases))
    out, notes = await asyncio.to_thread(obstacles, spec, own, baseline)
    learns = request.kind is RunKind.IMPROVE
    row = RunRow(
        id=uuid7(),
        task=request.task,
        kind=request.kind.value,
        trigger_type=request.trigger_type.value,
        status=RunStatus.WAITING.value,
        limits=limits_of(request, checked.row.max_prompt_tokens, canary_usd=settings.canary_usd),
        hints=list(request.hints),
        pins=list(request.pins),
        **defaults_of(request, checked.row),
        **request.model_dump(
            mode="json",
            include={
                *("proposals", "folds", "seed", "may_remove_blocks"),
                *("to_models", "margin", "optimise", "agreement"),
            },
        ),
        task_model=checked.task_model,
        proposer_model=checked.proposer_model,
        provider=settings.models_of.identity(checked.task_model),
        engine_version=ENGINE_VERSION,
        dataset_hash=truth.dataset_hash,
        dataset_size=len(truth.cases),
        baseline_version_id=checked.baseline_id,
        scorer=task_of(spec).scorer,
        labels=[one.model_dump(mode="json") for one in spec.labels],
        labels_version=checked.row.labels_version,
        left_out=[one.plain() for one in out],
        notes=[*notes, *checked.notes],
        remembered=await failures.to_remember(session, settings, request.task) if learns else [],
        looks=await looks(session, request.task, request.kind),
    )
    return row, out


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
        await ring(session, run_id)
    return row


async def cancel(session: AsyncSession, run_id: UUID) -> RunRow:
    """Ends the run at its next step, keeping its best prompt; the test split stays untouched."""
    row = await locked(session, run_id)
    row.cancel_requested = True
    row.pause_requested = False
    if row.status in {RunStatus.PAUSED, RunStatus.PARKED, RunStatus.AWAITING_APPROVAL}:
        row.status = RunStatus.WAITING
        row.not_before = None
    await ring(session, run_id)
    return row


async def hint(session: AsyncSession, run_id: UUID, text: str) -> RunRow:
    """Reaches the next proposal."""
    row = await locked(session, run_id)
    session.add(RunHintRow(id=uuid7(), run_id=run_id, hint=text))
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
            UPDATE runs SET status = :status, idle_since = coalesce(idle_since, now())
            WHERE id = :id
            """
        ),
        {"id": row.id, "status": status.value},
    )
    await session.refresh(row)


async def ring(session: AsyncSession, run_id: UUID) -> None:
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
