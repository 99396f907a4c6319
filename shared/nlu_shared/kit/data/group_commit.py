"""Many small writes, one commit: items wait for the commit they joined and get their results.

While one commit is on its way to disk the next group gathers, so the group's size follows the
load by itself and a lone item waits for nobody (the scheme of PostgreSQL's own group commit).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import asyncpg

from nlu_shared.kit.data.db import CannotWrite, Database, Identity, database_errors
from nlu_shared.kit.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
Connection = Any  # asyncpg ships no types
Write = Callable[[Connection, Sequence[Item]], Awaitable[Sequence[Result]]]


_LEAVES_WHOLE = (asyncpg.PostgresError, CannotWrite)
"""A server that answered so can be asked again; of any other connection nobody knows its state."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item, Result]):
    items: Sequence[Item]
    until: float
    settled: "asyncio.Future[Sequence[Result]]"


class GroupCommit(Generic[Item, Result]):
    """`write` gets a connection that acts as `identity`, and answers one result per item, in order.

    It runs inside a transaction, or with `own_transactions` outside any: then each of its
    statements commits by itself, and one statement is one round trip instead of three.
    `most` bounds one group (a longer `submit_all` is a group of its own), `at_once` the groups
    on their way, `waiting` the items held in memory. `seconds` bounds how long an item waits for
    its answer, and how long the writing of a group may take, connecting included.
    A write that fails fails every item of its group with the same error.
    """

    def __init__(
        self,
        database: Database,
        identity: Identity,
        write: Write[Item, Result],
        *,
        most: int = 500,
        at_once: int = 1,
        waiting: int = 10_000,
        seconds: float = 60.0,
        own_transactions: bool = False,
    ) -> None:
        self._database = database
        self._identity = identity
        self._write = write
        self._most = most
        self._at_once = at_once
        self._room = waiting
        self._seconds = seconds
        self._own_transactions = own_transactions
        self._queue: asyncio.Queue[_Waiting[Item, Result]] = asyncio.Queue()
        self._writers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._writers = [
            asyncio.create_task(self._run(), name="group-commit") for _ in range(self._at_once)
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._queue.join()
        for writer in self._writers:
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer

    async def submit(self, item: Item) -> Result:
        """Returns after the commit that holds `item`; cancelling the caller does not undo it."""
        return (await self.submit_all([item]))[0]

    async def submit_all(self, items: Sequence[Item]) -> Sequence[Result]:
        """One result per item, in order, after the one commit that holds them all.

        Raises Unavailable where there is no room, or no answer in time: then they may or may not
        be stored, and the same can be submitted again.
        """
        if len(items) > self._room:
            raise Unavailable("Too many writes are waiting.", retry_after=1)
        loop = asyncio.get_running_loop()
        until = loop.time() + self._seconds
        settled: asyncio.Future[Sequence[Result]] = loop.create_future()
        self._room -= len(items)
        self._queue.put_nowait(_Waiting(items, until, settled))
        try:
            async with asyncio.timeout_at(until):
                return await settled
        except TimeoutError:
            raise Unavailable("The database does not answer.") from None

    async def _run(self) -> None:
        """One writer: a connection of its own, and one group after another on it."""
        connection: Connection = None
        try:
            while True:
                group = await self._gather()
                if not group:
                    continue
                try:
                    async with database_errors(), asyncio.timeout(self._seconds):
                        if connection is None or connection.is_closed():
                            connection = await self._database.connect(self._identity)
                        results = await self._written(connection, group)
                except Exception as error:  # noqa: BLE001 - handed to every waiting caller
                    if connection is not None and not isinstance(error, _LEAVES_WHOLE):
                        connection.terminate()
                    self._settle(group, error)
                else:
                    self._settle(group, results)
        finally:
            if connection is not None:
                connection.terminate()

    async def _gather(self) -> list[_Waiting[Item, Result]]:
        """All that wait and are still waited for, as far as they fit."""
        group = [await self._queue.get()]
        # What has arrived in this turn of the loop is about to be handed in.
        await asyncio.sleep(0)
        size = len(group[0].items)
        while size < self._most and not self._queue.empty():
            group.append(self._queue.get_nowait())
            size += len(group[-1].items)
        now = asyncio.get_running_loop().time()
        self._settle([one for one in group if one.until <= now], Unavailable())
        return [one for one in group if one.until > now]

    async def _written(
        self, connection: Connection, group: Sequence[_Waiting[Item, Result]]
    ) -> Sequence[Result]:
        items = [item for one in group for item in one.items]
        async with nullcontext() if self._own_transactions else connection.transaction():
            results = await self._write(connection, items)
            if len(results) != len(items):
                raise RuntimeError("A group's write must answer one result per item.")
        return results

    def _settle(
        self, group: Sequence[_Waiting[Item, Result]], outcome: Sequence[Result] | Exception
    ) -> None:
        start = 0
        for one in group:
            end = start + len(one.items)
            self._room += len(one.items)
            self._queue.task_done()
            if one.settled.done():
                pass
            elif isinstance(outcome, Exception):
                one.settled.set_exception(outcome)
            else:
                one.settled.set_result(outcome[start:end])
            start = end
