"""Lists by a column of the reader's choice, page by page.

The cursor stays the id of a page's last row: what it had in the column is looked up, so that no
address holds anybody's text.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import Mapped
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.order import Order

Rows = Select[*tuple[Any, ...]]
Value = ColumnElement[Any] | Mapped[Any]
Sorts = Mapping[str, Value]
"""What a list can be ordered by; no booleans, for which PostgreSQL has an order and SQLAlchemy
none."""


async def ordered(
    session: AsyncSession, rows: Rows, sorts: Sorts, order: Order, *, id: Any, before: object
) -> Rows:
    """Those without a value last, equal ones the greatest id first. They begin after the row
    `before`; None: at the start, as from a row that is among them no more."""
    by = id if order.name is None else sorts[order.name]
    is_descending = order.is_descending
    if before is not None:
        last = rows.with_only_columns(by, maintain_column_froms=True).where(id == before).limit(1)
        there = (await session.execute(last)).first()
        if there is not None:
            rows = rows.where(_after(by, there[0], id < before, is_descending=is_descending))
    first = by.desc() if is_descending else by.asc()
    return rows.order_by(first.nulls_last(), id.desc())


def _after(
    by: Value, value: Any, is_older: ColumnElement[bool], *, is_descending: bool
) -> ColumnElement[bool]:
    if value is None:
        return and_(by.is_(None), is_older)
    further = by < value if is_descending else by > value
    return or_(further, and_(by == value, is_older), by.is_(None))
