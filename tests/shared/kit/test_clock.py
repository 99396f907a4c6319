"""What is done by the clock outlives what is away, and nothing else."""

import asyncio

import pytest
from nlu_shared.kit.errors import Unavailable
from nlu_shared.kit.process.clock import by_clock

from tests.fixtures.stack import DEADLINE_SECONDS


async def test_an_act_that_finds_its_neighbour_away_is_tried_again() -> None:
    looks: list[int] = []
    done = asyncio.Event()

    async def act() -> None:
        looks.append(len(looks))
        if len(looks) < 3:
            raise Unavailable
        done.set()

    async with asyncio.timeout(DEADLINE_SECONDS):
        clock = asyncio.create_task(by_clock(act, seconds=0, what="looks"))
        await done.wait()
    clock.cancel()
    with pytest.raises(asyncio.CancelledError):
        await clock


async def test_an_act_that_is_broken_ends_the_clock_and_is_heard_of() -> None:
    async def act() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await by_clock(act, seconds=0, what="looks")
