"""Saying what is waited for, once a wait is long enough to make somebody wonder."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

SILENT_SECONDS = 3.0
"""How long a step may take before it is said what it is."""
AGAIN_SECONDS = 10.0

Say = Callable[[str], None]


@asynccontextmanager
async def waiting(what: str, say: Say) -> AsyncIterator[None]:
    """Around a step: says that it is waited for, and then now and again for how long already."""
    telling = asyncio.create_task(_tell(what, say))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def _tell(what: str, say: Say) -> None:
    waited = SILENT_SECONDS
    await asyncio.sleep(SILENT_SECONDS)
    say(f"waiting for {what}")
    while True:
        await asyncio.sleep(AGAIN_SECONDS)
        waited += AGAIN_SECONDS
        say(f"still waiting for {what} ({waited:.0f} s)")
