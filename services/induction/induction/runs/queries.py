"""What runs have cost, and what their providers left unanswered, in numbers."""

from uuid import UUID

from nlu_shared.schemas.runs import Spend
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession


async def spend(session: AsyncSession, run_id: UUID) -> Spend:
    row = (
        await session.execute(
            text(
                "SELECT coalesce(sum(attempts), 0)::int AS calls,"
                " count(*) FILTER (WHERE cached AND outcome = 'ok')::int AS cached_calls,"
                " coalesce(sum(coalesce(cost_usd, reserved_usd)), 0)::float8 AS usd,"
                " coalesce(sum(notional_usd), 0)::float8 AS notional_usd,"
                " count(*) FILTER (WHERE outcome IN ('unavailable', 'rejected'))::int"
                "   AS unanswered_calls,"
                " count(*) FILTER (WHERE usage IS NULL AND outcome IN"
                "   ('ok', 'cut', 'refused', 'malformed'))::int AS unmetered_calls"
                " FROM llm_calls WHERE run_id = :run_id"
            ),
            {"run_id": run_id},
        )
    ).one()
    return Spend.model_validate(dict(row._mapping))


async def gauges(session: AsyncSession) -> dict[str, float]:
    """What `/metrics` shows of all runs of this database."""
    row = (
        await session.execute(
            text(
                "SELECT count(*) FILTER (WHERE status = 'parked') AS runs_parked,"
                " coalesce(sum(outages), 0) AS run_outages,"
                " (SELECT count(*) FROM llm_calls WHERE outcome IN ('unavailable', 'rejected'))"
                "   AS llm_calls_unanswered,"
                " (SELECT count(*) FROM llm_calls WHERE usage IS NULL AND outcome IN"
                "   ('ok', 'cut', 'refused', 'malformed')) AS llm_calls_unmetered"
                " FROM runs"
            )
        )
    ).one()
    return {name: float(value) for name, value in row._mapping.items()}
