"""Each queue of the inbox says how many wait in it, whichever is open."""

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest

from tests.fixtures.browsing import browser, send, shown
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, opened

DOUBTED = r'Doubted labels <span class="count">(\d+)</span>'


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    """The audit draws next to nothing."""
    async with opened(databases, servers, audit_share=0.0001) as made:
        yield made


async def test_an_empty_audit_says_what_brings_more(world: World, task: str) -> None:
    await world.log(task=task)
    async with browser(world.url) as http:
        page = await shown(http, "review", task=task, queue="audit")
    assert "The audit is worked off" in page
    assert "The 30 labels that are missing take about 300,000 more predictions." in page
    assert "a larger draw, which holds for the last 14 days too" in page
    assert "<code>NLU_LOGGER_AUDIT_SHARE</code> (it is 0.0001)" in page


async def test_doubted_labels_are_counted_before_their_queue_is_opened(
    world: World, task: str
) -> None:
    cases = []
    for text in ("buy milk", "buy tea"):
        case_in = {"task": task, "text": text, "truth": "shop"}
        cases.append((await world.admin.post("/v1/ground-truth", json=case_in)).json()["id"])
    async with await world.key("findings:write") as induction:
        findings = [{"case_id": one, "kind": "always-missed"} for one in cases]
        await induction.post("/v1/reviews/findings", json={"findings": findings})
    place = {"queue": "suspicious-label", "task": task}
    async with browser(world.url) as http:
        page = await shown(http, "review", task=task)
        assert re.findall(DOUBTED, page) == ["2"]
        elsewhere = page.partition("Elsewhere:")[2].partition("</p>")[0]
        assert f'href="?queue=suspicious-label&task={task}">doubted labels</a>' in elsewhere
        (item,) = re.findall(r'data-item="([^"]*)"', await shown(http, "review", **place))
        done = await send(http, "review/doubt", item=item, verdict="clear", **place)
        assert done.status_code == 303
        assert re.findall(DOUBTED, await shown(http, "review", **place)) == ["1"]
        assert re.findall(DOUBTED, await shown(http, "review", task=task)) == ["1"]
        other = unescape((await http.get(f"/dashboard/review?task={task}-other")).text)
        assert re.findall(DOUBTED, other) == ["0"]
