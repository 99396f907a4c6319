"""Reading a provider while somebody may want the run back. No I/O of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

Read = TypeVar("Read")
ReadInbox = Callable[[], Awaitable[None]]


async def interruptible(
    read_inbox: ReadInbox, reading: Coroutine[Any, Any, Read], *, seconds: float
) -> Read:
    """What is read. `read_inbox` is called every so many seconds until it is there; what that
    raises ends the reading, and goes through."""
    task = asyncio.create_task(reading)
    try:
        while not (await asyncio.wait({task}, timeout=seconds))[0]:
            await read_inbox()
        return task.result()
    finally:
        task.cancel()
