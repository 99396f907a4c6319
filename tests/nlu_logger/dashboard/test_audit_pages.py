"""What pages say of the audit: what it offers, that it is worked off, and what its labels tell."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.fixtures.browsing import browser, send, shown
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, opened

INDUCTION = "http://127.0.0.1:9"
WORKED_OFF = "The audit is worked off"
NOTHING_LEFT = "Nothing waits for the audit: what it drew is judged, or waits for approval."


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    """All traffic is audited, nothing twice."""
    settings = {"audit_share": 1.0, "double_code_share": 0, "induction_url": INDUCTION}
    async with opened(databases, servers, **settings) as made:
        yield made


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(world.url) as made:
        yield made


async def test_the_audit_offers_what_the_model_answers_and_not_which_of_them_it_did(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    for name in ("shop", "eat", "eat", "sleep"):
        await world.log(task=task, predicted_intent=name)
    pages = []
    for _ in range(2):
        page = await shown(http, "review", task=task, queue="audit")
        pages.append(re.findall(r'<button name="label" value="([^"]*)"', page))
        (item,) = re.findall(r'data-item="([^"]*)"', page)
        form = {"item": item, "task": task, "queue": "audit"}
        answer = await send(http, "review/label", label="sleep", **form)
        assert answer.status_code == 303
    assert pages == [["eat", "shop", "sleep"]] * 2


async def judge(auditor: httpx2.AsyncClient, task: str) -> None:
    """What the audit has next is approved as it is."""
    page = await shown(auditor, "review", task=task, queue="audit")
    (item,) = re.findall(r'data-item="([^"]*)"', page)
    form = {"item": item, "task": task, "queue": "audit", "approves": "yes"}
    answer = await send(auditor, "review/label", label="greet", **form)
    assert answer.status_code == 303


async def test_an_audit_that_is_worked_off_is_offered_nowhere(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    items = [await world.log(task=task) for _ in range(2)]
    overview = await shown(http, "", task=task)
    assert "30 more to audit</a>" in overview
    assert ">Audit some</a>" in overview
    assert NOTHING_LEFT not in overview
    for item in items:
        await world.approve(await world.correct(item, "greet"))
    overview = await shown(http, "", task=task)
    assert ">Audit some</a>" not in overview
    assert "must be approved. Nothing waits for the audit." in overview
    assert "28 more needed" in overview
    assert f"{NOTHING_LEFT} It draws 100.0 % of new traffic, by lot." in overview
    assert WORKED_OFF in await shown(http, "review", task=task, queue="audit")
    opening = await shown(http, "review", task=task)
    assert "Nothing waits there: it draws 100.0 % of new traffic" in opening
    assert ">the audit</a>" not in opening


async def test_the_overview_says_what_f1_is_and_offers_to_make_the_task_in_induction(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    await world.log(task=task)
    overview = await shown(http, "", task=task)
    assert "F1 of a label weighs two shares" in overview
    assert "The dashed line" not in overview
    assert f'<a href="{INDUCTION}/dashboard/tasks/{task}">Its prompt in induction</a>' in overview
    assert (
        f'<a href="{INDUCTION}/dashboard/new-task">make it one</a> by the name {task}' in overview
    )


@pytest.mark.law
async def test_a_session_opens_with_what_its_labels_tell(
    world: World, http: httpx2.AsyncClient, task: str
) -> None:
    assert "of the audit" not in await shown(http, "review", task=task)
    for number in range(32):
        await world.log(task=task, prompt=f"say {number}", confidence=0.1)
    async with browser(world.url) as auditor:
        await judge(auditor, task)
        opening = await shown(http, "review", task=task, queue="audit")
        assert f"<b>29</b> more approved labels of the audit tell live F1 of {task}" in opening
        assert "1 of 32 that it drew in a week are judged." in opening
        for _ in range(29):
            await judge(auditor, task)
    opening = await shown(http, "review", task=task)
    assert re.search(f"Live F1 of {task} lies between [0-9.]+ and 1.000, by 30 labels", opening)
    assert "about <b>90</b> more halve that." in opening
    (item,) = re.findall(r'data-item="([^"]*)"', opening)
    await send(http, "review/label", item=item, task=task, label="greet")
    assert "more halve that" not in await shown(http, "review", task=task)
    unfit = await world.key("reviews:read")
    async with unfit:
        key = unfit.headers["authorization"].removeprefix("Bearer ")
    async with browser(world.url, key) as reader:
        assert "more halve that" not in await shown(reader, "review", task=task)
