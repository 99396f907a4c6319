"""Gathers the facts, asks the policy, stores its decision with its reasons, and starts the run."""

import asyncio

import httpx2
from nlu_shared.ids import uuid7
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.schemas.runs import RunKind, RunRequest, RunStatus, TriggerType
from nlu_shared.schemas.triggers import AutoTrigger, AutoTriggerIn
from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction import upstream
from induction.cases import service as cases
from induction.prompts import service as prompts
from induction.runs import service as runs
from induction.runs.models import RunRow
from induction.runs.planning import refusal, unanswerable
from induction.settings import Settings
from induction.tasks import service as tasks
from induction.tasks.models import TaskRow
from induction.triggers.models import AutoTriggerRow, TriggerDecisionRow
from induction.triggers.policy import Facts, decide


async def rules(session: AsyncSession, task: str) -> AutoTrigger:
    """The task's rules; off where nobody has set any."""
    row = await session.get(AutoTriggerRow, task)
    return AutoTrigger.model_validate(row.body) if row else AutoTrigger()


async def set_rules(session: AsyncSession, request: AutoTriggerIn) -> AutoTrigger:
    await tasks.get(session, request.task)
    wanted = AutoTrigger.model_validate(request.model_dump(exclude={"task"}))
    await session.merge(AutoTriggerRow(task=request.task, body=wanted.model_dump()))
    return wanted


async def enabled_tasks(session: AsyncSession) -> list[str]:
    rows = await session.exec(select(AutoTriggerRow).order_by(col(AutoTriggerRow.task)))
    return [row.task for row in rows if AutoTrigger.model_validate(row.body).enabled]


async def consider(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    settings: Settings,
    task: str,
) -> TriggerDecisionRow:
    """One decision at a time per task; it and the run it started are one commit. Before it
    nlu-logger is read, outside any transaction.

    Raises NotFound for a task that is not known here.
    """
    async with session_scope(database, identity) as session:
        is_archived = (await tasks.get(session, task)).archived_at is not None
        enabled = (await rules(session, task)).enabled and not is_archived
    truth = await cases.read(database, identity, logger, task) if enabled else None
    async with session_scope(database, identity) as session:
        return await _decided(session, settings, task, truth)


async def _decided(
    session: AsyncSession, settings: Settings, task: str, truth: cases.TruthRead | None
) -> TriggerDecisionRow:
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('consider'), hashtext(:task))"),
        {"task": task},
    )
    policy = await rules(session, task)
    known = truth.truth if truth else None
    decision = decide(policy, await _facts(session, settings, task, known))
    started = None
    if decision.start and truth is not None:
        request = RunRequest(task=task, kind=RunKind.IMPROVE, trigger_type=TriggerType.AUTO)
        started = await runs.store(session, settings, request, truth)
    row = TriggerDecisionRow(
        id=uuid7(),
        task=task,
        started=started is not None,
        reasons=list(decision.reasons),
        cases=len(known.cases) if known else 0,
        dataset_hash=known.dataset_hash if known else None,
        run_id=started.id if started else None,
    )
    session.add(row)
    await session.flush()
    return row


async def _facts(
    session: AsyncSession, settings: Settings, task: str, truth: upstream.GroundTruth | None
) -> Facts:
    row = await tasks.get(session, task)
    last = (
        await session.exec(
            select(RunRow)
            .where(RunRow.task == task, RunRow.kind == RunKind.IMPROVE.value)
            .order_by(col(RunRow.id).desc())
            .limit(1)
        )
    ).one_or_none()
    return Facts(
        # The clock that the last run was stamped by.
        now=(await session.execute(select(func.now()))).scalar_one(),
        cases=len(truth.cases) if truth else 0,
        dataset_hash=truth.dataset_hash if truth else None,
        is_active=last is not None and not RunStatus(last.status).over,
        has_baseline=await prompts.production_id(session, task) is not None,
        is_archived=row.archived_at is not None,
        unanswerable=await _unanswerable(settings, row, truth) if truth else None,
        last_started_at=last.created_at if last else None,
        last_cases=last.dataset_size if last else 0,
        last_dataset_hash=last.dataset_hash if last else None,
    )


async def _unanswerable(
    settings: Settings, row: TaskRow, truth: upstream.GroundTruth
) -> str | None:
    own = tuple(map(cases.case_of, truth.cases))
    out = await asyncio.to_thread(unanswerable, row.held_to(truth.labels), own)
    refused = refusal(out, len(own), most=settings.unanswerable_share)
    return None if refused is None else refused.detail


async def decisions(
    session: AsyncSession, *, task: str | None, caller: Caller
) -> list[TriggerDecisionRow]:
    """The newest hundred decisions about the caller's tasks."""
    statement = select(TriggerDecisionRow)
    if caller.tasks is not None:
        statement = statement.where(col(TriggerDecisionRow.task).in_(caller.tasks))
    if task is not None:
        statement = statement.where(TriggerDecisionRow.task == task)
    newest = statement.order_by(col(TriggerDecisionRow.id).desc()).limit(100)
    return list((await session.exec(newest)).all())
