"""Runs as they are shown: pages, iterations, spend, and what providers left unanswered."""

from collections.abc import Collection
from uuid import UUID

from nlu_shared.schemas.base import Page
from nlu_shared.schemas.runs import Misses, RunView, Spend, Verdict
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.prompts.models import PromptVersionRow
from induction.runs.history import counted, iterations
from induction.runs.models import RunEventRow, RunRow


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
        spend=await spend(session, row.id),
        **row.model_dump(include=set(RunView.model_fields) - {"verdict", "procedure", "misses"}),
    )


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
