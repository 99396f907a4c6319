"""A reviewer in a real browser: log in, correct, approve; and a prompt that tries to be a page."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.chromium import needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, opened

pytestmark = needs_browser
HOSTILE = '<script>window.owned = 1</script><img src=x onerror="window.owned = 2">'


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers) as made:
        yield made


@pytest.fixture
async def page(chromium: Browser, world: World) -> AsyncIterator[Page]:
    """A browser that has logged in; the test fails if a page breaks its own policy."""
    made = await chromium.new_page(base_url=world.url)
    complaints: list[str] = []
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    await made.goto("/dashboard")
    await made.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await made.get_by_role("button", name="Log in").click()
    await expect(made.get_by_role("heading", name="Overview")).to_be_visible()
    yield made
    await made.close()
    # That the service refuses what was typed is no fault of the page.
    assert not [one for one in complaints if "status of 422" not in one]


async def test_an_untouched_choice_leaves_quoting_to_the_task(
    page: Page, world: World, task: str
) -> None:
    await world.admin.put(f"/v1/tasks/{task}/quoting", json={"may_quote": True})
    await world.log(task=task, prompt="Move lunch to three", predicted_intent="move_event")
    await page.goto(f"/dashboard/review?task={task}")
    await page.get_by_label("approve at once").check()
    await page.get_by_role("button", name="move_event").click()
    await expect(page.locator(".last")).to_contain_text("approved as move_event")
    case, _ = await world.truth(task)
    assert case["may_quote"] is True


async def test_a_hostile_prompt_is_shown_as_text_and_runs_nothing(
    page: Page, world: World, task: str
) -> None:
    await world.log(task=task, prompt=HOSTILE, predicted_intent=HOSTILE)
    await page.goto(f"/dashboard/review?task={task}")
    await expect(page.locator(".prompt")).to_have_text(HOSTILE)
    await page.keyboard.press("1")
    await expect(page.locator(".last")).to_contain_text("as the model said")
    for path in (f"/dashboard/predictions?task={task}", f"/dashboard?task={task}"):
        await page.goto(path)
        await expect(page.get_by_text("window.owned").first).to_be_visible()
        assert await page.evaluate("window.owned") is None


async def test_an_extraction_is_coded_beside_its_statement_and_what_differs_is_marked(
    page: Page, world: World, task: str
) -> None:
    output = {"people": [{"id": -1, "name": "Mary"}], "events": [{"id": -2, "kind": "birth"}]}
    item = await world.log(task=task, prompt="Mary and Tom had a row.", output=output)
    await page.goto(f"/dashboard/review?task={task}")
    event = page.get_by_role("group", name="event 1")
    await event.locator("[name$='.kind']").select_option("shift")
    await expect(event.locator("label.changed")).to_have_count(1)
    await page.get_by_role("group", name="person 2").get_by_label("Name", exact=True).fill("Tom")
    await page.get_by_role("button", name="Add another person").click()
    await event.locator("[name$='.relationshipTargets']").select_option(label="Tom")
    await event.locator("[name$='.relationship']").select_option("conflict")
    await event.locator("[name$='.person']").select_option(label="Mary")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".last")).to_contain_text("another output")
    made = (await world.admin.get("/v1/corrections", params={"prediction_id": item})).json()
    coded = made["items"][0]["corrected_output"]
    (shift,) = coded["events"]
    tom = next(one["id"] for one in coded["people"] if one["name"] == "Tom")
    assert (shift["kind"], shift["person"], shift["relationshipTargets"]) == ("shift", -1, [tom])


async def test_no_page_is_wider_than_a_phone(page: Page, world: World, task: str) -> None:
    output = {"people": [{"id": -1, "name": "Mary"}], "events": [{"id": -2, "kind": "birth"}]}
    long = "a" * 300
    log_id = await world.log(task=task, prompt=long, predicted_intent="a" * 200, confidence=0.1)
    await world.log(task=task, prompt="had a row", output=output, confidence=0.2)
    await page.set_viewport_size({"width": 390, "height": 800})
    review = f"/dashboard/review?task={task}"
    operations = [f"operations{one}" for one in ("", "/exports", "/alerts", "/audit", "/erasure")]
    others = ["predictions", f"predictions/{log_id}", *operations]
    for path in ("/dashboard", review, review, *(f"/dashboard/{one}" for one in others)):
        await page.goto(path)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
        if path == review:
            await page.keyboard.press("s")
            await expect(page.locator("#card")).to_contain_text("row")


async def test_a_key_is_made_with_its_scopes_in_words_and_a_person_erased_with_a_receipt(
    page: Page, world: World
) -> None:
    await page.goto("/dashboard/operations")
    await page.get_by_label("Name of who uses it").fill("Dora")
    await page.get_by_label("read review queues, conflicts and doubted labels").check()
    await page.get_by_role("button", name="Make the key").click()
    await expect(page.locator(".secret")).to_contain_text("nlk_")
    await expect(page.get_by_role("row", name="Dora")).to_contain_text("read review queues")
    person = "0189aaaa-0000-4000-8000-000000000001"
    await world.log(user_id=person, prompt="forget me")
    await page.goto("/dashboard/operations/erasure")
    await page.get_by_label("User id").fill(person)
    await page.get_by_label("The same once more").fill(person)
    await page.get_by_role("button", name="Erase this person").click()
    await expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    rows = (await world.admin.get("/v1/predictions", params={"user": person})).json()["items"]
    assert rows == []
