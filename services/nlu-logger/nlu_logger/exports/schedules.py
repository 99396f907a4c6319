"""Export schedules as rows: made, listed, removed; and what each of their exports left."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.schemas.exports import Schedule, ScheduleIn, ScheduleRun
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.exports.cron import NeverDue, next_scheduled_at
from nlu_logger.exports.splits import BadSplits, Shares

ADD = text(
    """
    INSERT INTO export_schedules (id, name, cron, target, what, tasks, next_scheduled_at)
    VALUES (:id, :name, :cron, :target, :what, :tasks, :next_scheduled_at)
    ON CONFLICT (name) DO NOTHING
    RETURNING id, name, cron, target, what, next_scheduled_at, failed, created_at
    """
).bindparams(bindparam("what", type_=JSONB))
NEWEST_RUNS = 1_000
# What it exports is the task it names, else the tasks of the key that made it.
OWN = (
    "(CAST(:own AS text[]) IS NULL OR"
    " coalesce(string_to_array(what ->> 'task', ','), tasks) <@ CAST(:own AS text[]))"
)
LISTED = text(
    f"""
    SELECT id, name, cron, target, what, next_scheduled_at, failed, created_at
    FROM export_schedules WHERE {OWN} ORDER BY id
    """  # noqa: S608
)
REMOVE = text(f"DELETE FROM export_schedules WHERE id = :id AND {OWN} RETURNING id")  # noqa: S608
RUNS = text(
    f"""
    SELECT scheduled_at, missed, destination, rows, bytes, sha256, finished_at FROM export_runs
    JOIN export_schedules ON export_schedules.id = schedule_id
    WHERE schedule_id = :id AND {OWN} ORDER BY scheduled_at DESC LIMIT :most
    """  # noqa: S608
)


async def add(
    session: AsyncSession, request: ScheduleIn, *, caller: Caller, targets: Sequence[str]
) -> Schedule:
    """Due when its expression next comes. Raises Invalid for one that never comes, for splits that
    do not add up or a target that is not configured, Conflict for a name that is taken."""
    if request.target not in targets:
        raise Invalid(f"No {request.target} is configured for exports.", code="no_target")
    if request.what.task is not None:
        own_task(caller, request.what.task)
    try:
        if request.what.splits is not None:
            Shares.read(request.what.splits)
        first = next_scheduled_at(request.cron, datetime.now(UTC))
    except NeverDue:
        raise Invalid("The cron expression never comes due.", code="never_due") from None
    except BadSplits as wrong:
        raise Invalid(str(wrong)) from None
    fields = request.model_dump(mode="json")
    made = await session.execute(
        ADD, {**fields, "id": uuid7(), "tasks": caller.task_list, "next_scheduled_at": first}
    )
    row = made.one_or_none()
    if row is None:
        raise Conflict("A schedule has this name.")
    await audit.record(session, actor=caller.subject, action="schedules.add", subject=row.id)
    return Schedule.model_validate(dict(row._mapping))


async def listed(session: AsyncSession, *, caller: Caller) -> list[Schedule]:
    """Those that export none but the caller's tasks."""
    rows = await session.execute(LISTED, {"own": caller.task_list})
    return [Schedule.model_validate(dict(row._mapping)) for row in rows]


async def remove(session: AsyncSession, schedule_id: UUID, *, caller: Caller) -> None:
    """No further export; its history goes, the files stay. Raises NotFound, also where it exports
    tasks that are not the caller's."""
    gone = await session.execute(
        REMOVE,
        {"id": schedule_id, "own": caller.task_list},
    )
    if gone.one_or_none() is None:
        raise NotFound("No schedule has this id.")
    await audit.record(
        session, actor=caller.subject, action="schedules.remove", subject=schedule_id
    )


async def runs(session: AsyncSession, schedule_id: UUID, *, caller: Caller) -> list[ScheduleRun]:
    """The newest first, at most a thousand; none of a schedule that `listed` does not show."""
    rows = await session.execute(
        RUNS,
        {"id": schedule_id, "most": NEWEST_RUNS, "own": caller.task_list},
    )
    return [ScheduleRun.model_validate(dict(row._mapping)) for row in rows]
