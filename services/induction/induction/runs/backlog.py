"""Runs that are not over: which of them stand still, and the figures of all for `/metrics`."""

from collections.abc import Sequence
from datetime import timedelta

from nlu_shared.schemas.runs import RunStatus
from sqlalchemy import RowMapping, text
from sqlmodel.ext.asyncio.session import AsyncSession

_STALLED = text(
    """
    SELECT run.id, run.task, run.kind, run.trigger_type, run.status, run.reason, run.not_before,
        run.created_at, run.engine_version, run.lease_until > clock_timestamp() AS is_held,
        run.lease_until < clock_timestamp() AS has_no_worker,
        extract(epoch FROM clock_timestamp() - progress.at)::float8 AS seconds
    FROM runs AS run CROSS JOIN LATERAL (
        SELECT greatest(run.created_at,
            (SELECT max(created_at) FROM run_events WHERE run_id = run.id),
            (SELECT max(settled_at) FROM llm_calls WHERE run_id = run.id)) AS at
    ) AS progress
    WHERE run.completed_at IS NULL AND run.status <> ALL(:over)
        AND progress.at < clock_timestamp() - CAST(:longer AS interval)
    ORDER BY progress.at LIMIT :most
    """
)


async def stalled(session: AsyncSession, *, longer: timedelta, most: int) -> Sequence[RowMapping]:
    """Runs that are not over and had no event and no answer for so long, the longest first."""
    over = [one.value for one in RunStatus if one.over]
    rows = await session.execute(_STALLED, {"over": over, "longer": longer, "most": most})
    return rows.mappings().all()


async def gauges(session: AsyncSession) -> dict[str, float]:
    """What `/metrics` shows of all runs of this database."""
    row = (
        await session.execute(
            text(
                """
                SELECT count(*) FILTER (WHERE status = 'parked') AS runs_parked,
                    count(*) FILTER (
                        WHERE status = 'awaiting_approval'
                    ) AS runs_awaiting_approval,
                    count(*) FILTER (WHERE status = 'waiting') AS runs_waiting,
                    coalesce(extract(epoch FROM clock_timestamp()
                        - min(created_at) FILTER (WHERE status = 'waiting')), 0)
                        AS runs_waiting_longest_seconds,
                    count(*) FILTER (WHERE status = 'running' AND reason IS NOT NULL)
                        AS runs_silent,
                    count(*) FILTER (WHERE status = 'running'
                        AND lease_until < clock_timestamp()) AS runs_without_worker,
                    coalesce(sum(outages), 0) AS run_outages,
                    (SELECT count(*) FROM llm_calls WHERE outcome IN
                        ('unavailable', 'rejected', 'too_long')) AS llm_calls_unanswered,
                    (SELECT count(*) FROM llm_calls WHERE usage IS NULL AND outcome IN
                        ('ok', 'cut', 'refused', 'malformed')) AS llm_calls_unmetered
                FROM runs
                """
            )
        )
    ).one()
    return {name: float(value) for name, value in row._mapping.items()}
