"""What is stored of the predictions a run is about: their ids, and answers until it is over.

No text of a prediction is stored here. nlu-logger names erased cases, and not erased predictions:
so nothing may be left that it would have to name.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from nlu_shared.schemas.runs import RunStatus
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.runs.models import RunPredictionRow, RunRow
from induction.task_kinds.base import BY_MODEL, Outcome

LANDED = timedelta(hours=1)
"""After its end no answer comes to a run any more."""
BLANK = text(
    """
    UPDATE llm_calls SET text = NULL, text_hash = NULL, outcome = :forgotten
    WHERE run_id = :run_id AND outcome = ANY(:by_model)
    """
)
RELEASE = text("DELETE FROM run_predictions WHERE run_id = :run_id")
OVER = text(
    """
    SELECT id, completed_at < now() - CAST(:landed AS interval) AS has_landed FROM runs
    WHERE status = ANY(:over)
        AND EXISTS (SELECT FROM run_predictions WHERE run_id = runs.id)
    """
)
ENDS = [one.value for one in RunStatus if one.over]


async def freeze(session: AsyncSession, row: RunRow, ids: Iterable[UUID]) -> None:
    """What the run is about, in the commit that stores it."""
    session.add_all([RunPredictionRow(run_id=row.id, prediction_id=one) for one in ids])


async def ids(session: AsyncSession, run_id: UUID) -> list[UUID]:
    """In their order."""
    rows = await session.exec(
        select(RunPredictionRow.prediction_id)
        .where(RunPredictionRow.run_id == run_id)
        .order_by(col(RunPredictionRow.prediction_id))
    )
    return list(rows)


async def active(session: AsyncSession) -> Sequence[RunRow]:
    """Runs about logged predictions that are not over."""
    rows = await session.exec(
        select(RunRow).where(col(RunRow.predictions).is_not(None), col(RunRow.status).not_in(ENDS))
    )
    return rows.all()


async def blank(session: AsyncSession, run_id: UUID) -> None:
    """Its answers, which may repeat what they are about; what they cost stays."""
    by_model = [one.value for one in BY_MODEL]
    await session.execute(
        BLANK,
        {"run_id": run_id, "by_model": by_model, "forgotten": Outcome.FORGOTTEN.value},
    )


async def sweep(session: AsyncSession) -> None:
    """The same of runs that were over when a late answer came, and of those that no worker
    ended; their ids go once nothing can come any more."""
    params = {"over": ENDS, "landed": LANDED}
    for run in (await session.execute(OVER, params)).mappings().all():
        await blank(session, run["id"])
        if run["has_landed"]:
            await session.execute(RELEASE, {"run_id": run["id"]})
