"""Starting, steering and showing runs. Every start, by hand or by trigger, enters at `start`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import httpx2
from nlu_shared.ids import uuid7
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.kit.jobs import hand_over
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.events import PartName
from nlu_shared.schemas.jobs import EXECUTE_RUN, INDUCTION_QUEUE, JobOrder
from nlu_shared.schemas.runs import (
    Forecast,
    Misses,
    RunKind,
    RunRequest,
    RunStatus,
    RunView,
    Verdict,
)
from sqlalchemy import func, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases import service as cases
from induction.cases import upstream
from induction.catalog import service as catalog
from induction.engine import ENGINE_VERSION
from induction.ideas import service as ideas
from induction.prompts import service as prompts
from induction.prompts.models import PromptVersionRow
from induction.runs import queries
from induction.runs.history import counted, iterations
from induction.runs.models import RunEventRow, RunHintRow, RunRow
from induction.runs.planning import bound_of, have_prices, knows_components, plan_of, require_usable
from induction.settings import Settings
from induction.tasks.registry import task_of


class ActiveRun(Conflict):
    code = "run_active"
    title = "An improve run of this task is active"


@dataclass(frozen=True, slots=True)
class Ready:
    """A start that could be made: checked, with its ground truth read and not yet stored."""

    row: RunRow
    truth: upstream.GroundTruth


async def start(
    session: AsyncSession, logger: httpx2.AsyncClient, settings: Settings, asked: RunRequest
) -> RunRow:
    """Freezes the ground truth, stores the run and rings for a worker.

    Raises NotFound (task, version), Invalid (no baseline, no or unusable ground truth, a model
    without a price, no such component), ActiveRun (one improve run per task at a time),
    Unavailable (nlu-logger is away).
    """
    ready = await _prepare(session, logger, settings, asked)
    await cases.freeze(session, asked.task, ready.truth)
    try:
        async with session.begin_nested():
            session.add(ready.row)
    except IntegrityError:
        raise ActiveRun from None
    await _ring(session, ready.row.id)
    await session.refresh(ready.row)
    return ready.row


async def forecast(
    session: AsyncSession, logger: httpx2.AsyncClient, settings: Settings, asked: RunRequest
) -> Forecast:
    """What the run could cost at most. Creates nothing."""
    ready = await _prepare(session, logger, settings, asked)
    spec = (await catalog.get(session, asked.task)).spec()
    baseline = await prompts.get(session, asked.task, ready.row.baseline_version_id)
    plan = plan_of(
        ready.row,
        spec,
        baseline.prompt(),
        tuple(cases.case_of(case) for case in ready.truth.cases),
        await cases.known_parts(session, asked.task),
        await ideas.told(session, ready.row.remembered),
    )
    return bound_of(
        plan,
        asked.limits,
        is_billed=settings.provider != "offline",
        on=datetime.now(UTC).date(),
    )


async def _prepare(
    session: AsyncSession, logger: httpx2.AsyncClient, settings: Settings, asked: RunRequest
) -> Ready:
    if asked.kind is RunKind.CANARY:
        raise Invalid("Canary runs are not offered yet.", code="kind_not_offered")
    spec = (await catalog.get(session, asked.task)).spec()
    if not knows_components(spec, asked):
        raise Invalid("Focus or a guard names no component.", code="unknown_component")
    baseline_id = asked.prompt_version or await prompts.production_id(session, asked.task)
    if baseline_id is None:
        raise Invalid("Import a prompt and promote it, or name a version.", code="no_baseline")
    await prompts.get(session, asked.task, baseline_id)
    task_model = spec.task_model or settings.task_model
    proposer_model = spec.proposer_model or settings.proposer_model
    if not have_prices((task_model, proposer_model), datetime.now(UTC).date()):
        raise Invalid("A model of this task has no known price.", code="unknown_model")
    await cases.hold(session)
    truth = await upstream.fetch(logger, asked.task)
    if not truth.cases:
        raise Invalid("The task has no approved ground truth.", code="no_ground_truth")
    require_usable(spec, truth.cases)
    learns = asked.kind is RunKind.IMPROVE
    row = RunRow(
        id=uuid7(),
        task=asked.task,
        kind=asked.kind.value,
        trigger_type=asked.trigger_type.value,
        status=RunStatus.WAITING.value,
        limits=asked.limits.model_dump(),
        hints=list(asked.hints),
        **asked.model_dump(include={"focus", "guards", "proposals", "folds", "seed"}),
        task_model=task_model,
        proposer_model=proposer_model,
        provider=settings.provider,
        engine_version=ENGINE_VERSION,
        dataset_hash=truth.dataset_hash,
        dataset_size=len(truth.cases),
        baseline_version_id=baseline_id,
        ruler=task_of(spec).ruler,
        remembered=await ideas.to_remember(session, settings, asked.task) if learns else [],
        looks=await _looks(session, asked.task),
    )
    return Ready(row=row, truth=truth)


async def _looks(session: AsyncSession, task: str) -> int:
    """How many runs had their verdict on the task's test cases."""
    looked = col(RunRow.verdict)["tested_on"].astext == PartName.TEST.value
    counted = select(func.count()).where(RunRow.task == task, looked)
    return (await session.exec(counted)).one()


async def pause(session: AsyncSession, run_id: UUID) -> RunRow:
    """Stops after the calls on their way; a run nobody works on pauses at once."""
    row = await _locked(session, run_id)
    if row.status in {RunStatus.WAITING, RunStatus.PARKED}:
        await _idle(session, row, RunStatus.PAUSED)
    elif row.status == RunStatus.RUNNING:
        row.pause_requested = True
    return row


async def resume(session: AsyncSession, run_id: UUID) -> RunRow:
    """Continues where the run was; no answer is paid for twice."""
    row = await _locked(session, run_id)
    row.pause_requested = False
    if row.status in {RunStatus.PAUSED, RunStatus.PARKED}:
        row.status = RunStatus.WAITING
        row.not_before = None
        await _ring(session, run_id)
    return row


async def cancel(session: AsyncSession, run_id: UUID) -> RunRow:
    """Ends the run at its next step, keeping its best prompt; the test part stays untouched."""
    row = await _locked(session, run_id)
    row.cancel_requested = True
    row.pause_requested = False
    if row.status in {RunStatus.PAUSED, RunStatus.PARKED}:
        row.status = RunStatus.WAITING
        row.not_before = None
    await _ring(session, run_id)
    return row


async def hint(session: AsyncSession, run_id: UUID, said: str) -> RunRow:
    """Reaches the next proposal."""
    row = await _locked(session, run_id)
    session.add(RunHintRow(id=uuid7(), run_id=run_id, hint=said))
    return row


async def _locked(session: AsyncSession, run_id: UUID) -> RunRow:
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
            "UPDATE runs SET status = :status, idle_since = coalesce(idle_since, now())"
            " WHERE id = :id"
        ),
        {"id": row.id, "status": status.value},
    )
    await session.refresh(row)


async def _ring(session: AsyncSession, run_id: UUID) -> None:
    await hand_over(
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


async def page(
    session: AsyncSession,
    tasks: Collection[str] | None,
    *,
    task: str | None,
    before: UUID | None,
    limit: int,
) -> Page[RunView]:
    """Runs of `tasks` (None: all), newest first."""
    statement = select(RunRow)
    if tasks is not None:
        statement = statement.where(col(RunRow.task).in_(tasks))
    if task is not None:
        statement = statement.where(RunRow.task == task)
    if before is not None:
        statement = statement.where(col(RunRow.id) < before)
    rows = (await session.exec(statement.order_by(col(RunRow.id).desc()).limit(limit + 1))).all()
    items = [await view(session, row) for row in rows[:limit]]
    return Page(items=items, next_cursor=str(items[-1].id) if len(rows) > limit else None)


async def view(session: AsyncSession, row: RunRow) -> RunView:
    """A run with its iterations, the best prompt's components, and what it has cost."""
    rows = await session.exec(
        select(RunEventRow.body).where(RunEventRow.run_id == row.id).order_by(col(RunEventRow.n))
    )
    versions = await session.exec(
        select(PromptVersionRow.version_hash, PromptVersionRow.id).where(
            PromptVersionRow.task == row.task
        )
    )
    bodies, ids = rows.all(), dict(versions.all())
    improvement = (
        row.final_f1 - row.baseline_f1
        if row.final_f1 is not None and row.baseline_f1 is not None
        else None
    )
    return RunView(
        iterations=iterations(bodies, ids),
        improvement=improvement,
        **counted(bodies, ids, row.best_version_id or row.baseline_version_id),
        verdict=Verdict.model_validate(row.verdict) if row.verdict else None,
        procedure=Verdict.model_validate(row.procedure) if row.procedure else None,
        misses=Misses.model_validate(row.misses) if row.misses else None,
        spend=await queries.spend(session, row.id),
        **row.model_dump(include=set(RunView.model_fields) - {"verdict", "procedure", "misses"}),
    )
