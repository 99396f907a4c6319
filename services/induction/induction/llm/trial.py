"""One question to a model outside of any run: whoever names it learns at once whether its server
can be used.

It has no run, so no row of the ledger; the month's total holds it, and its cap.
"""

import asyncio
from datetime import UTC, date, datetime
from decimal import Decimal

from nlu_shared.kit.data.db import Database, Identity, session_scope
from sqlalchemy import text

from induction.engine.runtime import Call
from induction.llm import prices
from induction.llm.adapters.models import Answering, Models
from induction.llm.errors import ParkRun, StopRun
from induction.llm.prices import PriceTable
from induction.llm.probing import introduce, is_usable, question, remarks, unusable
from induction.providers import OFFLINE
from induction.task_kinds.base import BY_MODEL, ModelAnswer

SECONDS = 20.0
"""Longer nobody waits for a task to be made; a server that loads its model first may take more."""


async def remarks_on(
    database: Database,
    identity: Identity,
    models: Models,
    model: str,
    table: PriceTable,
    *,
    month_cap: Decimal,
) -> list[str]:
    """What whoever names this model should know about its server; nothing of the offline model, nor
    of one that no run could be started with for want of a price. A failure is a remark too."""
    server, today = models.server(model), datetime.now(UTC).date()
    is_known = prices.is_known(model, today, table)
    if server.identity == OFFLINE or (server.billed and not is_known):
        return []
    bound = prices.upper_bound(question(model), today, table) if server.billed else Decimal(0)
    month = await _booked(database, identity, bound, month_cap)
    if month is None:
        return [f"{server.name} was not asked: the month's cap is reached."]
    answering = Answering(models, {})
    answer, refusal, cost = await _answer(answering, model)
    if server.billed and answer is not None and answer.outcome in BY_MODEL:
        listed = prices.charge(question(model), answer.usage, today, table)
        cost = bound if listed is None else listed
    await _settle(database, identity, month, (bound if cost is None else cost) - bound)
    if answer is None or answer.outcome not in BY_MODEL:
        return [f"{server.name} {refusal}."]
    server = answering.server(model)
    return [*remarks(server)] if is_usable(answer) else [unusable(server, answer)]


async def _answer(
    answering: Answering, model: str
) -> tuple[ModelAnswer | None, str, Decimal | None]:
    """The answer; else why there is none, and what it cost: nothing, or None for nobody knows."""

    async def ask(call: Call) -> ModelAnswer:
        return await answering.complete(call.request, again=_never)

    try:
        async with asyncio.timeout(SECONDS), answering.slots(model):
            answer = await introduce(ask, answering, model)
    except TimeoutError:
        return None, f"gave no answer within {SECONDS:.0f} seconds", None
    except (ParkRun, StopRun) as refusal:
        cost = None if refusal.ambiguous else Decimal(0)
        return None, f"cannot be used now: {refusal.reason}", cost
    cost = None if answer.ambiguous else Decimal(0)
    return answer, f"does not answer: {answer.text}", cost


async def _never(*_: object) -> bool:
    return False


async def _booked(
    database: Database, identity: Identity, amount: Decimal, month_cap: Decimal
) -> date | None:
    """Adds so many dollars to this month's total, by the database's clock: that month. None, and
    nothing is added, where it would pass the cap."""
    async with session_scope(database, identity) as session:
        moved = await session.execute(
            text(
                """
                INSERT INTO month_spend AS total
                SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date, moved.usd
                FROM (SELECT CAST(:amount AS numeric) AS usd) AS moved
                WHERE moved.usd BETWEEN 0 AND :cap
                ON CONFLICT (month) DO UPDATE SET usd = total.usd + excluded.usd
                WHERE total.usd + excluded.usd <= :cap
                RETURNING month
                """
            ),
            {"amount": amount, "cap": month_cap},
        )
        return moved.scalar_one_or_none()


async def _settle(database: Database, identity: Identity, month: date, amount: Decimal) -> None:
    """Moves the total of the month that was booked in."""
    async with session_scope(database, identity) as session:
        await session.execute(
            text("UPDATE month_spend SET usd = usd + :amount WHERE month = :month"),
            {"amount": amount, "month": month},
        )
