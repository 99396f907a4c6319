"""Review queues: WHERE clauses over the predictions themselves, never copies of them."""

from sqlalchemy import ColumnElement, exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.predictions.models import PredictionRow
from nlu_logger.reviews.models import CorrectionRow


def _unreviewed() -> ColumnElement[bool]:
    """Nobody has said anything that still stands."""
    return ~exists().where(
        col(CorrectionRow.prediction_id) == col(PredictionRow.id),
        col(CorrectionRow.status) != "rejected",
    )


async def low_confidence(
    session: AsyncSession, *, threshold: float, limit: int, task: str | None
) -> list[PredictionRow]:
    """The least certain first."""
    statement = select(PredictionRow).where(
        col(PredictionRow.confidence) < threshold, _unreviewed()
    )
    if task is not None:
        statement = statement.where(PredictionRow.task == task)
    ordered = statement.order_by(col(PredictionRow.confidence), col(PredictionRow.id))
    return list((await session.exec(ordered.limit(limit))).all())


async def failed_workflow(
    session: AsyncSession, *, limit: int, task: str | None
) -> list[PredictionRow]:
    """The newest failure first."""
    statement = select(PredictionRow).where(
        col(PredictionRow.was_successful).is_(False), _unreviewed()
    )
    if task is not None:
        statement = statement.where(PredictionRow.task == task)
    ordered = statement.order_by(col(PredictionRow.id).desc())
    return list((await session.exec(ordered.limit(limit))).all())
