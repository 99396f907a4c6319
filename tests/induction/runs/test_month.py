"""The month's cap where one month ends and the next begins, by the database's clock."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from induction.engine.runtime import Call
from induction.llm.accounting.accounting import Account, open_ledger_commits
from induction.llm.accounting.flights import Slots
from induction.llm.adapters.attempts import Rest
from induction.llm.adapters.claude import ADAPTER_VERSION
from induction.llm.errors import ParkRun
from induction.llm.ledger import Ledger
from induction.llm.prices import SHIPPED, upper_bound
from induction.llm.servers import Server
from induction.resources import APP_IDENTITY
from induction.task_kinds.base import ModelAnswer, ModelRequest, Outcome, Usage
from nlu_shared.kit.data.db import open_database

from tests.fixtures.clock import Clock, stopped_clock
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.llm.toys import simple_question
from tests.induction.runs.driving import sql, start

BEFORE, AFTER = "2026-11-30 23:59:59Z", "2026-12-01 00:00:01Z"
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
BOUND = upper_bound(simple_question(), NOVEMBER, SHIPPED)
USAGE = Usage(10, 0, 0, 200)
"""A good third of the bound."""


async def always(*_: object) -> bool:
    return True


class Provider:
    """Answers after midnight; `ambiguous` of its attempts are not read."""

    def __init__(self, clock: Clock, *, ambiguous: int = 0) -> None:
        self._clock, self._ambiguous = clock, ambiguous
        self._slots = Slots(16)
        self.parks = False

    def server(self, model: str) -> Server:
        return Server(
            identity="anthropic", provider="anthropic", model=model, adapter=ADAPTER_VERSION
        )

    def slots(self, model: str) -> Slots:
        return self._slots

    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Callable[[Rest, bool], Awaitable[bool]] = always,
    ) -> ModelAnswer:
        await self._clock.move(AFTER)
        for _ in range(self._ambiguous):
            if not await again(partial(asyncio.sleep, 0), True):
                return ModelAnswer(Outcome.OVER_BUDGET, ambiguous=1)
        if self.parks:
            raise ParkRun(60, "too many requests")
        return ModelAnswer(Outcome.OK, "{}", USAGE, ambiguous=self._ambiguous)


async def months(stack: Stack) -> dict[date, Decimal]:
    rows = await sql(stack, "SELECT month, usd FROM month_spend")
    return {row["month"]: row["usd"] for row in rows}


async def ledger(stack: Stack, entered: AsyncExitStack, provider: Provider, cap: Decimal) -> Ledger:
    run = await start(stack, "midnight", kind="evaluate")
    account = Account(
        run_id=UUID(run), fence=0, epoch=0,
        calls_limit=1_000, usd_limit=Decimal(1), month_cap_usd=cap, prices=SHIPPED,
    )  # fmt: skip
    database = await entered.enter_async_context(open_database(stack.settings.database))
    books = await entered.enter_async_context(open_ledger_commits(database, APP_IDENTITY))
    made = Ledger(account, books, provider)
    await made.load(database, APP_IDENTITY)
    return made


def questions(count: int) -> list[Call]:
    return [Call(simple_question(), sample) for sample in range(count)]


@pytest.mark.parametrize("ambiguous", [0, 1])
async def test_what_was_reserved_before_midnight_is_settled_there(
    databases: Databases, servers: Servers, ambiguous: int
) -> None:
    """And what an attempt after it reserved, in the new month; neither is below nothing."""
    async with opened(databases, servers) as stack, AsyncExitStack() as entered:
        await make_task(stack, "midnight", cases=4)
        provider = Provider(
            await stopped_clock(stack.induction_database, BEFORE), ambiguous=ambiguous
        )
        books = await ledger(stack, entered, provider, Decimal(1))
        await books.complete(questions(5))
        spent = await months(stack)
        (row,) = await sql(stack, "SELECT sum(cost_usd) AS cost FROM llm_calls")
        assert sum(spent.values()) == row["cost"]
        assert all(usd >= 0 for usd in spent.values())
        assert (spent[NOVEMBER] == 5 * BOUND) == bool(ambiguous)
        assert (DECEMBER in spent) == bool(ambiguous)


@pytest.mark.law
async def test_a_new_month_admits_its_cap_and_no_more(
    databases: Databases, servers: Servers
) -> None:
    """Ten calls come back after midnight: nothing that they did not use is credited to December."""
    cap = 10 * BOUND
    async with opened(databases, servers) as stack, AsyncExitStack() as entered:
        await make_task(stack, "midnight", cases=4)
        provider = Provider(await stopped_clock(stack.induction_database, BEFORE))
        books = await ledger(stack, entered, provider, cap)
        await books.complete(questions(10))
        november = (await months(stack))[NOVEMBER]
        assert 0 < november < cap
        provider.parks = True
        with pytest.raises(ParkRun):
            await books.complete(questions(60))
        assert (await months(stack))[DECEMBER] == 0
        provider.parks = False
        answers = await books.complete(questions(200))
        assert answers[-1].outcome is Outcome.OVER_BUDGET
        spent = await months(stack)
        (row,) = await sql(stack, "SELECT sum(cost_usd) AS cost FROM llm_calls")
        assert spent == {NOVEMBER: november, DECEMBER: row["cost"] - november}
        assert cap - BOUND < spent[DECEMBER] <= cap
