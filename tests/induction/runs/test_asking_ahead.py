"""The next question is on its way before the last answer to this one, and no promise is less for
it: nothing is asked twice, nothing passes a limit, and what was begun in vain is written down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import UUID

import pytest
from induction.engine.runtime import Call
from induction.llm.accounting.accounting import Account, open_ledger_commits
from induction.llm.accounting.flights import Slots
from induction.llm.adapters.attempts import Rest
from induction.llm.adapters.claude import ADAPTER_VERSION
from induction.llm.errors import ParkRun
from induction.llm.ledger import Ledger
from induction.llm.prices import SHIPPED
from induction.llm.servers import Server
from induction.resources import APP_IDENTITY
from induction.task_kinds.base import ModelAnswer, ModelRequest, Outcome, Usage
from nlu_shared.kit.data.db import open_database

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.llm.toys import simple_question
from tests.induction.runs.driving import sql, start

AT_ONCE = 4


class Provider:
    """Two samples can be held: `last` is answered once `first_of_next` has been asked for, and
    `never` when it is let go. Others take so many `seconds`."""

    def __init__(
        self, last: int = -1, first_of_next: int = -1, never: int = -1, *, seconds: float = 0.0
    ) -> None:
        self._slots = Slots(AT_ONCE)
        self.seconds = seconds
        self._last, self._first_of_next, self._never = last, first_of_next, never
        self._is_begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.samples: list[int] = []
        self.parks: set[int] = set()

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
        again: Callable[[Rest, bool], Awaitable[bool]] | None = None,
    ) -> ModelAnswer:
        self.samples.append(sample)
        await asyncio.sleep(self.seconds)
        if sample == self._first_of_next:
            self._is_begun.set()
        if sample == self._last:
            await self._is_begun.wait()
        if sample == self._never:
            await self.let_go.wait()
        if sample in self.parks:
            raise ParkRun(60, "too many requests")
        return ModelAnswer(Outcome.OK, "{}", Usage(10, 0, 0, 9))


@pytest.fixture(scope="module")
async def stack(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    async with opened(databases, servers) as made:
        await make_task(made, "ahead", cases=4)
        yield made


@asynccontextmanager
async def open_ledger(
    stack: Stack,
    provider: Provider,
    *,
    epoch: int,
    calls: int = 1_000,
    seconds: float | None = None,
) -> AsyncIterator[Ledger]:
    """`seconds`: until its minutes are used up, which are 3."""
    run = await start(stack, "ahead", kind="evaluate")
    account = Account(
        run_id=UUID(run), fence=0, epoch=epoch,
        calls_limit=calls, usd_limit=Decimal(1), month_cap_usd=Decimal(1), prices=SHIPPED,
        deadline=None if seconds is None else asyncio.get_running_loop().time() + seconds,
        minutes=3,
    )  # fmt: skip
    async with (
        open_database(stack.settings.database) as database,
        open_ledger_commits(database, APP_IDENTITY) as commits,
        Ledger(account, commits, provider) as ledger,
    ):
        await ledger.load(database, APP_IDENTITY)
        yield ledger


def question(first: int, count: int) -> list[Call]:
    return [Call(simple_question(), sample) for sample in range(first, first + count)]


async def booked(stack: Stack, epoch: int) -> tuple[int, int]:
    """Reservations of the calls of one ledger, and how many of those calls are open."""
    (row,) = await sql(
        stack,
        "SELECT coalesce(sum(attempts), 0) AS attempts,"
        " count(*) FILTER (WHERE outcome IS NULL AND attempts > 0) AS open"
        " FROM llm_calls WHERE epoch = $1",
        epoch,
    )
    return row["attempts"], row["open"]


async def test_the_next_question_is_begun_before_the_last_answer_and_asked_once(
    stack: Stack,
) -> None:
    provider = Provider(last=7, first_of_next=8)
    async with open_ledger(stack, provider, epoch=101) as ledger:
        await ledger.complete(question(0, 8), question(8, 8))
        assert ledger.answered == 8
        answers = await ledger.complete(question(8, 8))
    assert [one.outcome for one in answers] == [Outcome.OK] * 8
    assert sorted(provider.samples) == list(range(16))
    assert await booked(stack, 101) == (16, 0)


async def test_what_was_begun_for_a_question_that_never_came_is_settled(stack: Stack) -> None:
    provider = Provider(last=7, first_of_next=8, never=8)
    async with open_ledger(stack, provider, epoch=102) as ledger:
        await ledger.complete(question(0, 8), question(8, 8))
        other = asyncio.create_task(ledger.complete(question(100, 1)))
        await other
        provider.let_go.set()
    sent = set(provider.samples)
    assert {*range(9), 100} <= sent
    # What was only booked was let go of, and stands in no sum.
    assert await booked(stack, 102) == (len(sent), 0)


async def test_a_call_ahead_that_parks_the_run_does_so_once_all_others_are_settled(
    stack: Stack,
) -> None:
    provider = Provider(last=7, first_of_next=8)
    provider.parks = {8}
    async with open_ledger(stack, provider, epoch=103) as ledger:
        with pytest.raises(ParkRun):
            await ledger.complete(question(0, 8), question(8, 8))
        assert await booked(stack, 103) == (len(set(provider.samples) - {8}), 0)


async def test_calls_ahead_take_no_budget_from_those_before_them(stack: Stack) -> None:
    provider = Provider()
    async with open_ledger(stack, provider, epoch=104, calls=10) as ledger:
        first = await ledger.complete(question(0, 8), question(8, 8))
        second = await ledger.complete(question(8, 8))
    refused = [Outcome.OVER_BUDGET] * 6
    assert [one.outcome for one in first + second] == [Outcome.OK] * 10 + refused
    assert second[-1].text == "the limit of 10 calls"
    assert await booked(stack, 104) == (10, 0)
