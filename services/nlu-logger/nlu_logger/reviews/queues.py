"""Review queues: WHERE clauses over the predictions themselves, never copies of them."""

from typing import Any

from nlu_shared.kit.auth import Caller
from sqlalchemy import ColumnElement, exists, false
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.predictions.models import PredictionRow
from nlu_logger.predictions.service import visible
from nlu_logger.reviews.models import CorrectionRow


async def low_confidence(
    session: AsyncSession, caller: Caller, *, threshold: float, limit: int, task: str | None
) -> list[PredictionRow]:
    """Below the threshold, the least certain first."""
    unsure = col(PredictionRow.confidence) < threshold
    first = (col(PredictionRow.confidence), col(PredictionRow.id))
    return await _unreviewed(session, caller, unsure, first, limit=limit, task=task)


async def failed_workflow(
    session: AsyncSession, caller: Caller, *, limit: int, task: str | None
) -> list[PredictionRow]:
    """The newest failure first."""
    failed = col(PredictionRow.was_successful) == false()
    first = (col(PredictionRow.id).desc(),)
    return await _unreviewed(session, caller, failed, first, limit=limit, task=task)


async def _unreviewed(
    session: AsyncSession,
    caller: Caller,
    wanted: ColumnElement[bool],
    first: tuple[Any, ...],
    *,
    limit: int,
    task: str | None,
) -> list[PredictionRow]:
    """What is wanted and of which nobody has said anything that still stands."""
    said = exists().where(
        col(CorrectionRow.prediction_id) == col(PredictionRow.id),
        col(CorrectionRow.status) != "rejected",
    )
    asked = select(PredictionRow).where(wanted, ~said, visible(caller))
    if task is not None:
        asked = asked.where(PredictionRow.task == task)
    return list((await session.exec(asked.order_by(*first).limit(limit))).all())
