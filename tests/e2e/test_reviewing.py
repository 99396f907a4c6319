"""What the keys of the inbox do in a real browser, beyond the twenty items of a morning; and how a
key to the service is shown once."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.chromium import needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, opened

pytestmark = needs_browser
CODED = {
    "people": [{"id": -1, "name": "Mary"}],
    "events": [{"id": -2, "kind": "birth", "child": -1, "dateTime": "1985"}],
}


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers) as made:
        yield made


@pytest.fixture
async def page(chromium: Browser, world: World) -> AsyncIterator[Page]:
    made = await chromium.new_page(base_url=world.url)
    await made.goto("/dashboard/login")
    await made.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await made.get_by_role("button", name="Log in").click()
    await expect(made.get_by_role("heading", name="Overview")).to_be_visible()
    yield made
    await made.close()


async def test_undo_after_a_conflict_was_settled_says_so_and_leaves_the_label_before_it(
    page: Page, world: World, task: str
) -> None:
    for truth in ("greet", "leave"):
        await world.approve(await world.correct(await world.log(task=task, prompt="two"), truth))
    first = await world.log(task=task, prompt="the first", confidence=0.1)
    await page.goto(f"/dashboard/review?task={task}")
    await page.keyboard.press("y")
    await expect(page.locator(".last")).to_contain_text("“the first” is greet")
    await page.get_by_role("link", name="Conflicts 1").click()
    await expect(page.get_by_role("article", name="One conflict")).to_be_focused()
    await page.keyboard.press("y")
    await expect(page.locator(".last")).to_contain_text("“two” stays greet. That cannot be undone")
    await page.keyboard.press("u")
    await expect(page.get_by_role("alert")).to_contain_text("nothing else was touched")
    made = (await world.admin.get("/v1/corrections", params={"prediction_id": first})).json()
    assert [one["status"] for one in made["items"]] == ["proposed"]


async def test_what_is_read_out_is_the_skip_and_not_the_label_before_it(
    page: Page, world: World, task: str
) -> None:
    for prompt in ("the first", "another one", "cancel dinner"):
        await world.log(task=task, prompt=prompt, confidence=0.1)
    await page.goto(f"/dashboard/review?task={task}")
    await page.keyboard.press("y")
    announced = page.locator("#announce")
    await expect(announced).to_contain_text("is greet")
    await page.keyboard.press("s")
    await expect(announced).to_have_text("Skipped: colleagues may look at it now.")


async def test_enter_in_a_field_of_an_extraction_leads_on_and_saves_nothing(
    page: Page, world: World, task: str
) -> None:
    item = await world.log(task=task, prompt="Mary was born.", output=CODED)
    await page.goto(f"/dashboard/review?task={task}")
    await page.get_by_role("group", name="person 2").get_by_label("Name", exact=True).fill("Tom")
    await page.keyboard.press("Enter")
    await expect(page.locator("[name='people.1.last_name']")).to_be_focused()
    about = {"prediction_id": item}
    assert not (await world.admin.get("/v1/corrections", params=about)).json()["items"]
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await expect(page.locator(".last")).to_contain_text("another output")


async def test_what_became_of_many_lines_is_leafed_through_kept_by_a_word_and_saved(
    page: Page, task: str
) -> None:
    lines = "".join(f"say {number},greet\n" for number in range(60))
    await page.goto("/dashboard/operations/imports")
    await page.get_by_label("Or paste it").fill(f"text,label\n{lines}again,greet\nagain,leave\n")
    await page.get_by_label("Or a new task").fill(task)
    await page.get_by_role("button", name="Bring it in").click()
    became = page.get_by_role("region", name="What became of each line")
    rows = became.locator("tbody tr:visible")
    await expect(rows).to_have_count(50)
    await became.get_by_role("button", name="More rows").click()
    await expect(became.get_by_text("51 to 62 of 62")).to_be_visible()
    await expect(rows).to_have_count(12)
    async with page.expect_download() as saved:
        await became.get_by_role("button", name="Save as CSV").click()
    path = await (await saved.value).path()
    assert len(path.read_text("utf-8-sig").splitlines()) == 63
    await became.get_by_label("keep what holds").fill("another truth")
    await expect(rows).to_have_count(1)
    await became.get_by_role("link", name="Settle it").click()
    await expect(page.get_by_role("article", name="One conflict")).to_contain_text("again")


async def test_labels_are_in_view_beneath_a_long_text_and_its_conversation(
    page: Page, world: World, task: str
) -> None:
    labels = {"labels": [{"name": f"label {number}"} for number in range(6)]}
    await world.admin.put(f"/v1/tasks/{task}/labels", json=labels)
    talk, mail = str(uuid4()), "They wrote a long mail once more. " * 60
    for confidence in (0.9, 0.9, 0.9, 0.1):
        fields = {"conversation_id": talk, "confidence": confidence}
        await world.log(task=task, prompt=mail, predicted_intent="label 1", **fields)
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.goto(f"/dashboard/review?task={task}")
    last = page.get_by_role("button", name="label 5")
    await expect(last).to_be_in_viewport(ratio=1)
    turns = page.locator(".before ol")
    left = "(one) => one.scrollHeight - one.clientHeight - one.scrollTop"
    assert await turns.evaluate(left) <= 1
    assert await turns.evaluate("(one) => one.scrollTop") > 0


async def test_a_key_is_made_with_its_scopes_in_words_copied_and_shown_no_more(page: Page) -> None:
    await page.goto("/dashboard/operations")
    await page.get_by_label("Name of who uses it").fill("Dora")
    await page.get_by_label("read review queues, conflicts and doubted labels").check()
    await page.get_by_role("button", name="Make the key").click()
    secret = page.get_by_label("Shown this once")
    await expect(secret).to_have_value(re.compile("nlk_"))
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    await page.get_by_role("link", name="I have kept it").click()
    await expect(secret).to_have_count(0)
    await expect(page.get_by_role("row", name="Dora")).to_contain_text("read review queues")
