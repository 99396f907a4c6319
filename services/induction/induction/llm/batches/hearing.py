"""Reading a provider while somebody may want the run back. No I/O of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

Read = TypeVar("Read")
Hear = Callable[[], Awaitable[None]]


async def hearing(hear: Hear, reading: Coroutine[Any, Any, Read], *, seconds: float) -> Read:
    """What is read. `hear` is called every so many seconds until it is there; what that raises ends
    the reading, and goes through."""
    task = asyncio.create_task(reading)
    try:
        while not (await asyncio.wait({task}, timeout=seconds))[0]:
            await hear()
        return task.result()
    finally:
        task.cancel()
