"""An alert says on the pages what was measured, since when, and where one goes on."""

import re
from collections.abc import AsyncIterator
from html import unescape

import httpx2
import pytest

from tests.fixtures.browsing import browser, shown
from tests.fixtures.databases import Databases
from tests.fixtures.receiver import receiving
from tests.fixtures.servers import Servers
from tests.nlu_logger.alerts.watch import BELOW_HALF, PRIVATE, make, stepping, webhook
from tests.nlu_logger.world import World, opened


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers, alert_private_hosts=PRIVATE) as made:
        yield made


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_an_alert_tells_value_threshold_since_when_and_what_to_do(
    world: World, task: str
) -> None:
    async with receiving() as receiver, browser(world.url) as made, stepping(world) as step:
        alert = await make(world, webhook(receiver), **BELOW_HALF, task=task)
        quiet = await shown(made, "operations/alerts")
        assert "no confidence yet" in quiet
        for confidence in (0.1, 0.2, 0.3, 0.9):
            await world.log(task=task, confidence=confidence)
        await step()
        overview = await shown(made, "")
        assert "75.0% of 4 had a confidence below 0.6 as it opened" in words(overview)
        assert "it opens when 50% or more have a confidence below 0.6 within 60" in words(overview)
        assert "open since" in overview
        assert f'href="/dashboard/review?queue=label-next&task={task}"' in overview
        rows = re.search(r'href="([^"]*)">The predictions behind it', overview)
        assert rows
        assert await rows_of(made, rows[1]) == 3
        await world.log(task=task, confidence=0.9)
        page = words(await shown(made, "operations/alerts", alert=alert))
        assert "60.0% of 5 had a confidence below 0.6" in page
        assert page.count("75.0% of 4 had a confidence below 0.6") == 2


async def rows_of(made: httpx2.AsyncClient, address: str) -> int:
    page = (await made.get(unescape(address))).text
    return len(set(re.findall(r'href="/dashboard/predictions/([0-9a-f-]{36})"', page)))
