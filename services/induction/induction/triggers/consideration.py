"""Should a run of this task start? Asks the policy, stores its decision with its reasons, and
starts the run; and the canary of the night."""

import httpx2
from nlu_shared.ids import uuid7
from nlu_shared.kit.access import names
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import ServiceError, Unavailable
from nlu_shared.schemas.runs import RunKind, RunLimits, RunRequest, TriggerType
from nlu_shared.schemas.triggers import AutoTrigger
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.cases import service as cases
from induction.prompts.models import IsEnsemble
from induction.runs import service as runs
from induction.runs.models import RunRow
from induction.settings import Settings
from induction.tasks import service as tasks
from induction.triggers import facts, policy, queries, service, wording
from induction.triggers.facts import Read
from induction.triggers.models import AutoTriggerRow, TriggerDecisionRow
from induction.triggers.policy import Decision, Facts, TaskState

USUAL = RunLimits()
OF_A_VOTE = (
    "an ensemble serves, and a run improves one prompt: start one from a member, then let the"
    " members vote anew"
)
JUST_NOW = Decision(start=False, reasons=("switched on just now: the next consideration looks",))


async def consider(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    settings: Settings,
    task: str,
) -> TriggerDecisionRow:
    """One decision at a time per task; it and the run it started are one commit. Before it
    nlu-logger is read, outside any transaction.

    Raises NotFound for a task that is not known here, and Unavailable.
    """
    async with session_scope(database, identity) as session:
        rules, held = await _held_back(session, settings, task)
        at, serves = await queries.now(session), await queries.serving(session, task)
    read = None
    if held is None:
        live = await facts.live_score(logger, task, serves, now=at)
        is_low = policy.is_low(rules, live)
        moved = await facts.drift(logger, task, now=at) if is_low else None
        read = Read(await cases.read(database, identity, logger, task), live, moved)
    async with session_scope(database, identity) as session:
        return await _decided(session, settings, task, read)


async def _held_back(
    session: AsyncSession, settings: Settings, task: str
) -> tuple[AutoTrigger, Decision | None]:
    of_task = await tasks.get(session, task)
    row = await session.get(AutoTriggerRow, task)
    rules = service.rules_of(row, settings)
    paused = None if row is None else await _paused(session, row)
    standing = TaskState(is_archived=of_task.archived_at is not None, paused=paused)
    return rules, policy.held_back(rules, standing)


async def _paused(session: AsyncSession, row: AutoTriggerRow) -> str | None:
    """By whom, by the name their key has now, and since when."""
    if row.paused_at is None or row.paused_by is None:
        return None
    named = await names.within(session, [row.paused_by])
    since = wording.moment(row.paused_at, await queries.now(session))
    return f"paused by {named[row.paused_by]} since {since}"


async def _decided(
    session: AsyncSession, settings: Settings, task: str, read: Read | None
) -> TriggerDecisionRow:
    await queries.hold(session, task)
    rules, held = await _held_back(session, settings, task)
    if held is not None or read is None:
        return await _stored(session, task, held or JUST_NOW)
    row = await session.get(AutoTriggerRow, task)
    looked_at = await queries.looked_at(session, row, task)
    loop = await service.loop(session, row, task, rules, looked_at=looked_at)
    known = await facts.gathered(session, settings, await tasks.get(session, task), read, loop)
    decision, started = policy.decide(rules, known), None
    if decision.start:
        decision, started = await _started(session, settings, task, known, decision, read)
    return await _stored(session, task, decision, known=known, started=started)


async def _started(
    session: AsyncSession,
    settings: Settings,
    task: str,
    known: Facts,
    decision: Decision,
    read: Read,
) -> tuple[Decision, RunRow | None]:
    """A start that is refused is a decision too."""
    request = RunRequest(
        task=task,
        kind=RunKind.IMPROVE,
        trigger_type=TriggerType.AUTO,
        limits=RunLimits(money_usd=policy.promised(known.money, most=USUAL.money_usd)),
    )
    try:
        async with session.begin_nested():
            return decision, await runs.store(session, settings, request, read.truth)
    except Unavailable:
        raise
    except IsEnsemble:
        return Decision(start=False, reasons=(OF_A_VOTE,)), None
    except ServiceError as refused:
        reason = f"refused: {refused.detail or refused.title}"
        return Decision(start=False, reasons=(reason,)), None


async def _stored(
    session: AsyncSession,
    task: str,
    decision: Decision,
    *,
    known: Facts | None = None,
    started: RunRow | None = None,
) -> TriggerDecisionRow:
    """A decision like the one before is that one, once more."""
    reasons = list(decision.reasons)
    causes = [one.model_dump(mode="json") for one in known.causes] if known else []
    row = await queries.last_decision(session, task)
    if row is None or row.started or started or (row.reasons, row.causes) != (reasons, causes):
        row = TriggerDecisionRow(
            id=uuid7(),
            task=task,
            started=started is not None,
            reasons=reasons,
            causes=causes,
            run_id=started.id if started else None,
        )
        session.add(row)
    else:
        row.times += 1
        row.last_decided_at = await queries.now(session)
    row.live_f1 = known.live.value if known else None
    row.cases = known.cases if known else None
    row.dataset_hash = known.dataset_hash if known else None
    await session.flush()
    return row


async def start_canary(
    database: Database,
    identity: Identity,
    logger: httpx2.AsyncClient,
    settings: Settings,
    task: str,
) -> RunRow | None:
    """The canary of this night, where it was not started yet; None where it was. Raises what
    `runs.service.start` raises."""
    async with session_scope(database, identity) as session:
        if not await _is_due(session, settings, task):
            return None
    truth = await cases.read(database, identity, logger, task)
    request = RunRequest(task=task, kind=RunKind.CANARY, trigger_type=TriggerType.AUTO)
    async with session_scope(database, identity) as session:
        await queries.hold(session, task)
        if not await _is_due(session, settings, task):
            return None
        return await runs.store(session, settings, request, truth)


async def _is_due(session: AsyncSession, settings: Settings, task: str) -> bool:
    if (await tasks.get(session, task)).archived_at is not None:
        return False
    last = await queries.last_run(session, task, RunKind.CANARY)
    started = last.created_at if last is not None else None
    at = await queries.now(session)
    return policy.canary_due(at, started, hour=settings.canary_hour)
