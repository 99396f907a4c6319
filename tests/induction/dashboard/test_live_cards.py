"""What audited traffic says of the prompt that serves, on the card of its task."""

import asyncio
import re
from html import unescape

import httpx2
import pytest
from induction.dashboard import service
from induction.dashboard.task_cards import LiveScores

from tests.fixtures.browsing import browser
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.triggers.production import audited, serving_for_a_day


@pytest.mark.law
async def test_a_card_tells_the_live_score_of_what_serves_with_its_interval(stack: Stack) -> None:
    version = await make_task(stack, "carded", cases=4)
    await serving_for_a_day(stack, "carded")
    async with browser(str(stack.induction.base_url)) as page:
        card = unescape((await page.get("/dashboard")).text)
        assert "live F1 is unknown: no prediction of the prompt in production" in card
        await audited(stack, "carded", 27, answer="topic_0", truth=None, version=version)
        card = unescape((await page.get("/dashboard")).text)
        assert "live F1 is unknown: 27 audited, 3 more needed" in card
        assert "/dashboard/review?queue=audit&task=carded" in card
        await audited(stack, "carded", 13, answer="topic_1", truth=None, version=version)
        await audited(stack, "carded", 40, answer="topic_0", truth="topic_2", version="older")
        card = unescape((await page.get("/dashboard")).text)
        assert "live F1 1.00 (0.91 to 1.00, 40 audited)" in card
        assert "live F1 of what serves (0.91 to 1.00, 40 audited)" in card
        assert "<b>1.000</b>" in card


async def test_a_card_draws_the_live_score_of_each_week_against_the_threshold(
    stack: Stack,
) -> None:
    version = await make_task(stack, "over-weeks", cases=4)
    await serving_for_a_day(stack, "over-weeks")
    rules = {"task": "over-weeks", "enabled": True, "f1_threshold": 0.8}
    await stack.induction.post("/v1/admin/auto-trigger", json=rules)
    async with browser(str(stack.induction.base_url)) as page:
        for weeks_ago, wrong in ((2, 20), (1, 10), (0, 0)):
            audit = {"version": version, "answer": "topic_0", "weeks_ago": weeks_ago}
            await audited(stack, "over-weeks", 40 - wrong, truth=None, **audit)
            if wrong:
                await audited(stack, "over-weeks", wrong, truth="topic_2", **audit)
        card = unescape((await page.get("/dashboard")).text)
    words = re.search(r'class="spark".*aria-label="Live F1 by week: ([^"]+)"', card)
    assert words
    scores = [float(one.split()[2]) for one in words[1].split("; ")]
    assert len(scores) == 3
    assert scores == sorted(scores)
    assert scores[-1] == 1.0
    assert "dashed: a run starts below" in card


async def test_a_page_waits_for_no_service_that_does_not_answer() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as silent:
        began = asyncio.get_running_loop().time()
        assert await service.live_scores(silent) == LiveScores(None, [])
        assert asyncio.get_running_loop().time() - began < 2 * service.PATIENCE.total_seconds()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as away:
        assert await service.live_scores(away) == LiveScores(None, [])
