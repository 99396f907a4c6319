"""A timeout whose cancellation met an answer, and was lost, ends what it bounds all the same: as
one that waited too long, not as a fault that ends the process."""

import asyncio
from contextlib import suppress

import pytest
from nlu_shared.kit.data.db import end_in_time

from tests.fixtures.stack import DEADLINE_SECONDS


async def opened(*, late: bool) -> asyncio.Timeout:
    """By something that keeps its cancellation to itself."""
    until = asyncio.get_running_loop().time() + (0 if late else DEADLINE_SECONDS)
    async with asyncio.timeout_at(until) as opening:
        with suppress(asyncio.CancelledError):
            await (asyncio.Event().wait() if late else asyncio.sleep(0))
        end_in_time(opening)
    return opening


async def test_a_lost_cancellation_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        await opened(late=True)


async def test_what_came_in_time_may_take_its_time_afterwards() -> None:
    assert (await opened(late=False)).when() is None
