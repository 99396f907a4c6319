"""Lists in an order of the reader's choice: whoever turns the pages sees every row once."""

import pytest
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.data.orders import ordered
from nlu_shared.kit.order import NEWEST, Order
from sqlalchemy import Float, Integer, column, select, values

NUMBERS = [None, 0.5, 0.25, None, 0.5, 1.0, 0.25, None, 0.5]
ROWS = values(column("id", Integer), column("number", Float), name="rows").data(
    list(enumerate(NUMBERS, 1))
)
SORTS = {"number": ROWS.c.number}


def expected(order: Order) -> list[int]:
    if order == NEWEST:
        return list(range(len(NUMBERS), 0, -1))
    known = [(number, id) for id, number in enumerate(NUMBERS, 1) if number is not None]
    sign = -1 if order.is_descending else 1
    nothing = [id for id, number in enumerate(NUMBERS, 1) if number is None]
    by_value = sorted(known, key=lambda one: (sign * one[0], -one[1]))
    return [id for _, id in by_value] + nothing[::-1]


@pytest.mark.parametrize("order", [NEWEST, Order("number", False), Order("number", True)])
async def test_who_turns_the_pages_sees_every_row_once_in_its_order(
    database: Database, app: Identity, order: Order
) -> None:
    seen: list[int] = []
    async with session_scope(database, app) as session:
        while True:
            before = seen[-1] if seen else None
            page = await ordered(
                session, select(ROWS.c.id), SORTS, order, id=ROWS.c.id, before=before
            )
            ids = (await session.execute(page.limit(2))).scalars().all()
            if not ids:
                break
            seen += ids
    assert seen == expected(order)


async def test_a_row_that_is_gone_leads_to_the_start(database: Database, app: Identity) -> None:
    async with session_scope(database, app) as session:
        order = Order("number", is_descending=True)
        page = await ordered(session, select(ROWS.c.id), SORTS, order, id=ROWS.c.id, before=99)
        assert (await session.execute(page.limit(1))).scalar_one() == expected(order)[0]
