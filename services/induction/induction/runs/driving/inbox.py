"""What a run reads of its operator and the clock, each reading once: a replay reads the same."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from nlu_shared.schemas.steering import Decision
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.engine.approval import Approval
from induction.engine.inbox import Inbox
from induction.engine.limits import MINUTES as MINUTES_USED
from induction.engine.limits import limit_of_minutes
from induction.history import approvals
from induction.llm.accounting.entries import LeaseLost
from induction.runs.driving.clock import MINUTES
from induction.runs.driving.journal import held
from induction.runs.models import RunHintRow, RunInboxRow, RunRow

EMPTY: dict[str, Any] = {"cancel": False, "hints": [], "stop": None}
_IS_EMPTY = text(
    f"""
    SELECT NOT (cancel_requested OR pause_requested OR {MINUTES} > :minutes
        OR EXISTS (SELECT FROM run_hints WHERE run_id = runs.id AND taken_at_step IS NULL)
        OR EXISTS (SELECT FROM run_approvals WHERE run_id = runs.id AND taken_at_step IS NULL))
    FROM runs WHERE id = :id AND fence = :fence AND status = 'running'
    """  # noqa: S608 - a constant of ours
)


async def readings(session: AsyncSession, run_id: UUID) -> dict[int, Inbox]:
    """Every inbox reading made so far, by step."""
    rows = await session.exec(select(RunInboxRow).where(RunInboxRow.run_id == run_id))
    return {row.step: _inbox(row.body) for row in rows}


async def is_empty(session: AsyncSession, run: RunRow) -> bool:
    """Whether neither the operator, nor the clock, nor a change that waits has anything to say now.
    Nothing is locked or recorded. Raises LeaseLost."""
    rows = await session.execute(
        _IS_EMPTY, {"id": run.id, "fence": run.fence, "minutes": run.promised.minutes}
    )
    nothing: bool | None = rows.scalar_one_or_none()
    if nothing is None:
        raise LeaseLost
    return nothing


def keep_empty(session: AsyncSession, run_id: UUID, steps: Sequence[int]) -> None:
    """Records readings that found nothing."""
    session.add_all(RunInboxRow(run_id=run_id, step=step, body=EMPTY) for step in steps)


async def read_inbox(
    session: AsyncSession, run_id: UUID, fence: int, step: int, *, is_short: bool
) -> Inbox | None:
    """Reads and records what the operator and the clock say; None: the run is to pause instead.

    session: that records it.
    run_id: of the run.
    fence: under which it is driven.
    step: number of the reading.
    is_short: whether the minutes that are left are too few for what is kept for the end.
    """
    row = await held(session, run_id, fence)
    if row.pause_requested:
        return None
    hints = (
        await session.exec(
            select(RunHintRow)
            .where(RunHintRow.run_id == run_id, col(RunHintRow.taken_at_step).is_(None))
            .order_by(col(RunHintRow.id))
        )
    ).all()
    for hint in hints:
        hint.taken_at_step = step
    body: dict[str, Any] = EMPTY | {
        "cancel": row.cancel_requested,
        "hints": [one.hint for one in hints if one.block is None],
        "stop": await _time_is_up(session, row, is_short=is_short),
    }
    if pins := [one.block for one in hints if one.block is not None]:
        body["pins"] = pins
    if (decided := await approvals.current(session, run_id)) and decided.decision is not None:
        decided.taken_at_step = step
        body["approval"] = {
            "decision": decided.decision,
            "by": decided.decided_by,
            "reason": decided.reason,
        }
        row.reason = None
    session.add(RunInboxRow(run_id=run_id, step=step, body=body))
    return _inbox(body)


async def _time_is_up(session: AsyncSession, row: RunRow, *, is_short: bool) -> str | None:
    """The reason to stop, once the run's minutes are used up, or kept for its end."""
    query = text(f"SELECT {MINUTES} FROM runs WHERE id = :id")  # noqa: S608 - a constant of ours
    minutes: float = (await session.execute(query, {"id": row.id})).scalar_one()
    limit = row.promised.minutes
    return f"{MINUTES_USED}: {limit_of_minutes(limit)}" if is_short or minutes > limit else None


def _inbox(body: dict[str, Any]) -> Inbox:
    decided = body.get("approval")
    return Inbox(
        cancel=body["cancel"],
        hints=tuple(body["hints"]),
        pins=tuple(body.get("pins", ())),
        stop=body["stop"],
        approval=decided
        and Approval(Decision(decided["decision"]), decided["by"], decided["reason"]),
    )
