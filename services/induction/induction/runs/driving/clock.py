"""How a run that is being driven stands: what the operator and the clock say just now."""

from uuid import UUID

from nlu_shared.schemas.runs import RunLimits
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.llm.accounting.entries import LeaseLost
from induction.runs.computing.patience import RunConditions

MINUTES = "((extract(epoch FROM now() - started_at)::float8 - idle_seconds) / 60)"
"""Wall time since the first claim less what was spent paused, parked or waiting for people."""


async def standing(session: AsyncSession, run_id: UUID, fence: int) -> RunConditions:
    """Nothing is recorded, so no replay asks it, and nothing locked, so no reservation waits for
    it. Raises LeaseLost."""
    rows = await session.execute(
        text(
            f"""
            SELECT cancel_requested, pause_requested, limits, last_event, reason,
                {MINUTES} AS minutes, EXISTS (
                    SELECT FROM llm_batches WHERE run_id = runs.id AND ended_at IS NULL
                ) AS awaits_batch FROM runs
            WHERE id = :id AND fence = :fence AND status = 'running'
            """  # noqa: S608 - a constant of ours
        ),
        {"id": run_id, "fence": fence},
    )
    row = rows.one_or_none()
    if row is None:
        raise LeaseLost
    limits = RunLimits.model_validate(row.limits)
    return RunConditions(
        cancel=row.cancel_requested,
        pause=row.pause_requested,
        seconds_over=60 * (row.minutes - limits.minutes),
        events=row.last_event,
        reason=row.reason,
        awaits_batch=row.awaits_batch,
    )
