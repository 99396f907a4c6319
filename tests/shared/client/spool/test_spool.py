"""What is logged reaches the service once, however long that takes."""

import asyncio
from pathlib import Path

from nlu_shared.ids import uuid7

from tests.fixtures.stack import DEADLINE_SECONDS, Stack, serving, until
from tests.shared.client.relay import BadLine
from tests.shared.client.spool.words import ended, prediction_of
from tests.shared.client.spool.world import all_of, away, spool_of, stored


async def test_what_is_logged_is_at_the_service_soon(stack: Stack, tmp_path: Path) -> None:
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        prediction = prediction_of("spooled", "push it to friday")
        await spool.log(prediction)
        await spool.outcome(prediction.id or uuid7(), ended(False))
        assert await spool.flush(DEADLINE_SECONDS)
        health = await spool.health()
    (row,) = await stored(stack, "spooled")
    assert (row["id"], row["prompt"]) == (prediction.id, "push it to friday")
    assert row["was_successful"] is False
    assert (health.waiting, health.held, health.dead, health.sent) == (0, 0, 0, 2)
    assert spool.dropped == 0


async def test_a_service_that_was_away_gets_everything_once_when_it_is_back(
    stack: Stack, tmp_path: Path
) -> None:
    predictions = [prediction_of("away", f"number {n}") for n in range(50)]
    async with away(tmp_path) as spool:
        await all_of(*(spool.log(one) for one in predictions))
        assert not await spool.flush(0.2)

        async def has_tried() -> bool:
            return "no answer" in str((await spool.health()).last_error)

        await until(has_tried)
    async with spool_of(tmp_path, str(stack.logger.base_url)) as spool:
        assert await spool.flush(DEADLINE_SECONDS)
    assert [row["id"] for row in await stored(stack, "away")] == sorted(
        one.id for one in predictions if one.id
    )


async def test_answers_that_are_lost_make_no_second_row(stack: Stack, tmp_path: Path) -> None:
    line = BadLine(stack.logger, lose=3)
    async with serving(line.app) as url, spool_of(tmp_path, url) as spool:
        await all_of(*(spool.log(prediction_of("lost")) for _ in range(20)))
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not await spool.flush(1):
                pass
        assert (await spool.health()).sent == 20
    assert len(await stored(stack, "lost")) == 20
    assert len(line.seen) >= 4
