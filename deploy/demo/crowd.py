"""Many small waits at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 16


async def as_done(
    work: Callable[[Item], Awaitable[Result]], items: Iterable[Item], *, at_once: int = AT_ONCE
) -> AsyncIterator[Result]:
    """`work` of every item, at most `at_once` under way, results as they come. The first error
    ends it all and is raised."""
    waiting = iter(items)
    running: set[asyncio.Future[Result]] = set()
    try:
        while True:
            while len(running) < at_once and (item := next(waiting, None)) is not None:
                running.add(asyncio.ensure_future(work(item)))
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                yield one.result()
                running.discard(one)
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
