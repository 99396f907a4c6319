"""What is held is read once for all who ask meanwhile, and never older than it may be."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

import pytest
from nlu_shared.kit.data.held import Held


def numbered() -> Callable[[], Awaitable[int]]:
    """Reads one number more each time, while others come in between."""
    numbers = count(1)

    async def read() -> int:
        await asyncio.sleep(0)
        return next(numbers)

    return read


async def test_many_who_ask_at_once_cost_one_reading() -> None:
    held, read = Held[str, int](seconds=3600), numbered()
    assert await asyncio.gather(*(held.get("a", read) for _ in range(20))) == [1] * 20
    assert (await held.get("a", read), await held.get("b", read)) == (1, 2)


async def test_nothing_is_held_where_nothing_may_be() -> None:
    held, read = Held[str, int](seconds=0), numbered()
    assert [await held.get("a", read) for _ in range(3)] == [1, 2, 3]


async def test_what_is_too_old_is_read_anew() -> None:
    held, read = Held[str, int](seconds=1e-9), numbered()
    assert [await held.get("a", read) for _ in range(3)] == [1, 2, 3]


async def test_a_reading_that_failed_is_tried_again_by_the_next() -> None:
    held = Held[str, int](seconds=3600)

    async def fail() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        await held.get("a", fail)
    assert await held.get("a", numbered()) == 1
