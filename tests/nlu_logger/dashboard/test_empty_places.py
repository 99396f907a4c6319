"""Where nothing stands, a page says what to do next, and leads there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest

from tests.fixtures.browsing import browser, send, shown
from tests.nlu_logger.world import World


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(world.url) as made:
        yield made


async def test_a_search_without_a_filter_says_how_predictions_come_in(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    if not (await world.admin.get("/v1/predictions")).json()["items"]:
        page = await shown(http, "predictions")
        assert "Nothing is logged yet." in page
        assert "POST /v1/predictions:import" in page
    page = await shown(http, "predictions", task=task)
    assert "No prediction is like this." in page
    assert 'href="/dashboard/predictions">Show all' in page


async def test_the_overview_of_nothing_leads_to_a_longer_time_and_to_all_tasks(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    page = await shown(http, "", task=task)
    assert f'href="/dashboard?days=90&task={task}">Look at 90 days' in page
    page = await shown(http, "", task=task, days="90")
    assert 'href="/dashboard?days=90">Look at all tasks' in page
    at = datetime.now(UTC).isoformat()
    row = {"id": "one", "prompt": "of old", "predicted_intent": "greet", "created_at": at}
    await world.admin.post(f"/v1/predictions:import?task={task}", json=[row])
    page = await shown(http, "", task=task)
    assert "came with a confidence. A backend sends it as" in page


async def test_to_approve_counts_ones_own_where_only_they_wait(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    item = await world.log(task=task, confidence=0.1)
    await shown(http, "review", task=task)
    await send(http, "review/label", item=item, task=task, label="greet")
    page = await shown(http, "review", task=task, queue="proposed")
    assert 'To approve <span class="count">1 of yours</span>' in page
    assert "1 of your own corrections waits, and none of others." in page


async def test_a_version_that_never_answered_is_named(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    for version in ("v1", "v2"):
        await world.log(task=task, prompt_version=version)
    page = await shown(http, "compare", task=task, a="v1", b="v9")
    assert "<b>v9</b> has answered nothing in this time" in page
    assert 'href="/dashboard/predictions?prompt_version=v9">all that it ever answered' in page
    assert "has answered nothing" not in await shown(http, "compare", task=task, a="v1", b="v2")
