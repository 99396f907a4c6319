"""The rules of a task's trigger: set, changed, paused, resumed, reset. Whoever does so has looked,
and is in the audit log."""

from datetime import datetime
from typing import Any

from nlu_shared.kit.access import audit, names
from nlu_shared.schemas.runs import RunKind
from nlu_shared.schemas.triggers import AutoTrigger, AutoTriggerIn, AutoTriggerView, TriggerDecision
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.settings import Settings
from induction.tasks import service as tasks
from induction.triggers import queries
from induction.triggers.models import AutoTriggerRow
from induction.triggers.policy import Loop, loop_of, not_before


def defaults(settings: Settings) -> AutoTrigger:
    """The rules of a task for which nobody has set any."""
    return AutoTrigger(
        f1_threshold=settings.auto_induction_f1_threshold,
        min_cases=settings.auto_induction_min_gt_size,
        cooldown_hours=settings.auto_induction_cooldown_hours,
    )


def rules_of(row: AutoTriggerRow | None, settings: Settings) -> AutoTrigger:
    stored = {} if row is None else row.body
    return AutoTrigger.model_validate({**defaults(settings).model_dump(), **stored})


async def loop(
    session: AsyncSession,
    row: AutoTriggerRow | None,
    task: str,
    rules: AutoTrigger,
    *,
    looked_at: datetime | None,
) -> Loop:
    return loop_of(
        rules,
        await queries.automatic_runs(session, task),
        looked_at=looked_at,
        reset_at=row.reset_at if row is not None else None,
    )


async def view(session: AsyncSession, settings: Settings, task: str) -> AutoTriggerView:
    """Raises NotFound."""
    await tasks.get(session, task)
    row = await session.get(AutoTriggerRow, task)
    rules = rules_of(row, settings)
    looked_at = await queries.looked_at(session, row, task)
    count = await loop(session, row, task, rules, looked_at=looked_at)
    last = await queries.last_run(session, task, RunKind.IMPROVE)
    started = last.created_at if last is not None else None
    paused_by = row.paused_by if row is not None else None
    named = await names.within(session, [paused_by] if paused_by else [])
    return AutoTriggerView(
        **rules.model_dump(),
        task=task,
        paused_at=row.paused_at if row is not None else None,
        paused_by=paused_by,
        paused_by_name=named[paused_by] if paused_by else None,
        looked_at=looked_at,
        unseen_runs=count.unseen,
        gainless_runs=count.gainless,
        not_before=None if started is None else not_before(rules, started, count),
    )


def is_old(decision: TriggerDecision, row: AutoTriggerRow | None) -> bool:
    """Has somebody changed something here since?"""
    return (
        row is not None and row.looked_at is not None and decision.last_decided_at < row.looked_at
    )


async def set_rules(
    session: AsyncSession, settings: Settings, request: AutoTriggerIn, *, by: str
) -> AutoTriggerView:
    """All of them: those left out become the service's defaults. Raises NotFound, Archived."""
    rules = _rules_in(request)
    await _require_live(session, request)
    row = await _looked(session, settings, request.task, "set", by, fields=sorted(rules))
    row.body = defaults(settings).model_dump() | rules
    await session.flush()
    return await view(session, settings, request.task)


async def change_rules(
    session: AsyncSession, settings: Settings, request: AutoTriggerIn, *, by: str
) -> AutoTriggerView:
    """Those that are given; the others stay. Raises NotFound, Archived."""
    rules = _rules_in(request)
    await _require_live(session, request)
    row = await _looked(session, settings, request.task, "change", by, fields=sorted(rules))
    row.body = row.body | rules
    await session.flush()
    return await view(session, settings, request.task)


async def pause(
    session: AsyncSession, settings: Settings, task: str, *, by: str
) -> AutoTriggerView:
    """Nothing starts by itself until it is resumed; a pause that stands stays whose it is."""
    row = await _looked(session, settings, task, "pause", by)
    if row.paused_at is None:
        row.paused_at, row.paused_by = row.looked_at, by
    await session.flush()
    return await view(session, settings, task)


async def resume(
    session: AsyncSession, settings: Settings, task: str, *, by: str
) -> AutoTriggerView:
    """Raises NotFound, Archived."""
    tasks.require_current(await tasks.held(session, task))
    row = await _looked(session, settings, task, "resume", by)
    row.paused_at = row.paused_by = None
    await session.flush()
    return await view(session, settings, task)


async def reset_backoff(
    session: AsyncSession, settings: Settings, task: str, *, by: str
) -> AutoTriggerView:
    """What ran before counts for no stop and no backoff; the cooldown itself stays."""
    row = await _looked(session, settings, task, "reset-backoff", by)
    row.reset_at = row.looked_at
    await session.flush()
    return await view(session, settings, task)


def _rules_in(request: AutoTriggerIn) -> dict[str, Any]:
    return request.model_dump(exclude_unset=True, exclude={"task"})


async def _require_live(session: AsyncSession, request: AutoTriggerIn) -> None:
    """Of a trigger that is switched on: no run of an archived task would ever start."""
    if request.enabled:
        tasks.require_current(await tasks.held(session, request.task))


async def _looked(
    session: AsyncSession, settings: Settings, task: str, verb: str, by: str, **details: Any
) -> AutoTriggerRow:
    """The row of the task, held until the commit; made where there is none. Raises NotFound."""
    await tasks.get(session, task)
    await queries.hold_rules(session, task)
    row = await session.get(AutoTriggerRow, task, populate_existing=True)
    if row is None:
        row = AutoTriggerRow(task=task, body=defaults(settings).model_dump())
        session.add(row)
    row.looked_at = await queries.now(session)
    await audit.record(session, actor=by, action=f"auto_trigger.{verb}", subject=task, **details)
    return row
