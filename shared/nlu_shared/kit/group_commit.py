"""Many small writes, one commit: an item waits for the commit it joined and gets its result.

While one commit is on its way to disk the next group gathers, so the group's size follows the
load by itself and a lone item waits for nobody (the scheme of PostgreSQL's own group commit).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from nlu_shared.kit.db import TAKE_IDENTITY, Database, Identity, database_errors
from nlu_shared.kit.errors import Unavailable

Item = TypeVar("Item")
Result = TypeVar("Result")
Connection = Any  # asyncpg ships no types
Write = Callable[[Connection, Sequence[Item]], Awaitable[Sequence[Result]]]


class GroupCommit(Generic[Item, Result]):
    """`write` gets a connection inside a transaction and answers one result per item, in order.

    `most` bounds one group, `waiting` bounds memory: past it `submit` raises Unavailable.
    A write that fails fails every item of its group with the same error.
    """

    def __init__(
        self,
        database: Database,
        identity: Identity,
        write: Write[Item, Result],
        *,
        most: int = 500,
        waiting: int = 10_000,
    ) -> None:
        self._database = database
        self._identity = identity
        self._write = write
        self._most = most
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[Result]]] = asyncio.Queue(waiting)
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._run(), name="group-commit")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._queue.join()
        if self._writer:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer

    async def submit(self, item: Item) -> Result:
        """Returns after the commit that holds `item`; cancelling the caller does not undo it."""
        settled: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((item, settled))
        except asyncio.QueueFull:
            raise Unavailable("Too many writes are waiting.", retry_after=1) from None
        return await settled

    async def _run(self) -> None:
        while True:
            group = [await self._queue.get()]
            while len(group) < self._most and not self._queue.empty():
                group.append(self._queue.get_nowait())
            try:
                await self._commit(group)
            finally:
                for _ in group:
                    self._queue.task_done()

    async def _commit(self, group: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            async with (
                database_errors(),
                self._database.pool.acquire() as connection,
                connection.transaction(),
            ):
                await connection.execute(
                    TAKE_IDENTITY.format("$1", "$2"), self._identity.role, self._identity.user
                )
                results = await self._write(connection, [item for item, _ in group])
                if len(results) != len(group):
                    raise RuntimeError("A group's write must answer one result per item.")
        except Exception as error:  # noqa: BLE001 - handed to every waiting caller
            for _, settled in group:
                if not settled.done():
                    settled.set_exception(error)
            return
        for (_, settled), result in zip(group, results, strict=True):
            if not settled.done():
                settled.set_result(result)
