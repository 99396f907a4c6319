"""Approved cases with where they came from, in a constant number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.orders import Sorts, ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.order import Order
from sqlalchemy import Integer, Text, cast, exists, func, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.dashboard.truths.filters import TruthsIn
from nlu_logger.ground_truth.models import ConflictRow, GroundTruthRow
from nlu_logger.reviews.models import CorrectionRow

A_PAGE = 50
G = GroundTruthRow
LONGEST = 200
"""Characters by which texts are ordered."""
SORTS: Sorts = {
    "text": func.lower(func.left(col(G.text), LONGEST)),
    "truth": func.lower(func.left(cast(col(G.truth), Text), LONGEST)),
    "task": col(G.task),
    "quotable": cast(col(G.may_quote), Integer),
    "approved": col(G.created_at),
    "from": cast(col(CorrectionRow.prediction_id).is_not(None), Integer),
}
NEWEST_APPROVED = Order("approved", is_descending=True)
"""The id of a case is the name of its text, and says nothing of when it was approved."""


@dataclass(frozen=True, slots=True)
class Listed:
    """`prediction` is whose correction made it, if one did."""

    case: GroundTruthRow
    prediction: UUID | None
    is_disputed: bool


@dataclass(frozen=True, slots=True)
class Counted:
    cases: int
    quotable: int
    disputed: int


async def page(
    session: AsyncSession,
    filters: TruthsIn,
    *,
    order: Order,
    caller: Caller,
    limit: int = A_PAGE,
) -> tuple[Sequence[Listed], str | None]:
    """What was approved last first, or in an order."""
    disputed = exists().where(col(ConflictRow.ground_truth_id) == col(G.id))
    bounds: list[Any] = [
        *_of(filters, caller),
        None if filters.text is None else func.strpos(func.lower(G.text), filters.text.lower()) > 0,
        None if filters.label is None else col(G.truth) == type_coerce(filters.label, JSONB),
        None if filters.quotable is None else col(G.may_quote).is_(filters.quotable),
        disputed if filters.disputed else None,
    ]
    listed = (
        select(G, CorrectionRow.prediction_id, disputed)
        .join(CorrectionRow, col(CorrectionRow.id) == col(G.correction_id), isouter=True)
        .where(*(one for one in bounds if one is not None))
    )
    order = order if order.name else NEWEST_APPROVED
    arranged = await ordered(session, listed, SORTS, order, id=G.id, before=filters.before)
    rows = [Listed(*row) for row in await session.execute(arranged.limit(limit + 1))]
    return cut(rows, limit, lambda one: one.case.id)


async def counted(session: AsyncSession, filters: TruthsIn, *, caller: Caller) -> Counted:
    """Of the task, or of all that are the caller's."""
    of = [one for one in _of(filters, caller) if one is not None]
    disputed = exists().where(col(ConflictRow.ground_truth_id) == col(G.id))
    counts = select(
        func.count(),
        func.count().filter(col(G.may_quote)),
        func.count().filter(disputed),
    ).where(*of)
    return Counted(*(await session.exec(counts)).one())


async def tasks(session: AsyncSession, *, caller: Caller) -> Sequence[str]:
    """Those that have cases and are the caller's, by name."""
    named = select(G.task).where(*_of(TruthsIn(), caller)).distinct().order_by(G.task)
    return (await session.exec(named)).all()


def _of(filters: TruthsIn, caller: Caller) -> list[Any]:
    own = None if caller.tasks is None else col(G.task).in_(caller.tasks)
    task = None if filters.task is None else col(G.task) == filters.task
    return [one for one in (own, task) if one is not None]
