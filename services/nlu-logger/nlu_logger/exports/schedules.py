"""Export schedules as rows: made, listed, removed; and what each of their slots left."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit import audit
from nlu_shared.kit.auth import Caller
from nlu_shared.kit.errors import Conflict, Invalid, NotFound
from nlu_shared.schemas.exports import Schedule, ScheduleIn, ScheduleRun
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.exports.slots import NoSlots, next_slot
from nlu_logger.exports.splits import BadSplits, Shares
from nlu_logger.ground_truth.service import check_task

ADD = text(
    "INSERT INTO export_schedules (id, name, cron, target, what, tasks, next_slot)"
    " VALUES (:id, :name, :cron, :target, :what, :tasks, :next_slot)"
    " ON CONFLICT (name) DO NOTHING"
    " RETURNING id, name, cron, target, what, next_slot, failed, created_at"
).bindparams(bindparam("what", type_=JSONB))
NEWEST_RUNS = 1_000


async def add(
    session: AsyncSession, asked: ScheduleIn, *, caller: Caller, targets: Sequence[str]
) -> Schedule:
    """Due at its next slot. Raises Invalid for a cron expression without slots, splits that do
    not add up or a target that is not configured, Conflict for a name that is taken."""
    if asked.target not in targets:
        raise Invalid(f"No {asked.target} is configured for exports.", code="no_target")
    if asked.what.task is not None:
        check_task(caller, asked.what.task)
    try:
        if asked.what.splits is not None:
            Shares.read(asked.what.splits)
        first = next_slot(asked.cron, datetime.now(UTC))
    except NoSlots:
        raise Invalid("The cron expression has no slots.", code="no_slots") from None
    except BadSplits as wrong:
        raise Invalid(str(wrong)) from None
    told = asked.model_dump(mode="json")
    tasks = None if caller.tasks is None else sorted(caller.tasks)
    made = await session.execute(ADD, {**told, "id": uuid7(), "tasks": tasks, "next_slot": first})
    row = made.one_or_none()
    if row is None:
        raise Conflict("A schedule has this name.")
    await audit.record(session, actor=caller.subject, action="schedules.add", subject=row.id)
    return Schedule.model_validate(dict(row._mapping))


async def listed(session: AsyncSession) -> list[Schedule]:
    rows = await session.execute(
        text(
            "SELECT id, name, cron, target, what, next_slot, failed, created_at"
            " FROM export_schedules ORDER BY id"
        )
    )
    return [Schedule.model_validate(dict(row._mapping)) for row in rows]


async def remove(session: AsyncSession, schedule_id: UUID, *, caller: Caller) -> None:
    """No further slot; its history goes, the files stay. Raises NotFound."""
    gone = await session.execute(
        text("DELETE FROM export_schedules WHERE id = :id RETURNING id"), {"id": schedule_id}
    )
    if gone.one_or_none() is None:
        raise NotFound("No schedule has this id.")
    await audit.record(
        session, actor=caller.subject, action="schedules.remove", subject=schedule_id
    )


async def runs(session: AsyncSession, schedule_id: UUID) -> list[ScheduleRun]:
    """The newest first, at most a thousand."""
    rows = await session.execute(
        text(
            "SELECT slot, missed, place, rows, bytes, sha256, finished_at FROM export_runs"
            " WHERE schedule_id = :id ORDER BY slot DESC LIMIT :most"
        ),
        {"id": schedule_id, "most": NEWEST_RUNS},
    )
    return [ScheduleRun.model_validate(dict(row._mapping)) for row in rows]
