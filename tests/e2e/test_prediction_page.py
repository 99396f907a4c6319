"""The page of one prediction in a real browser: answered by keyboard, decided on, taken back."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.test_every_page import DESK, barriers, log_in
from tests.fixtures.chromium import needs_browser
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, opened

pytestmark = needs_browser


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers) as made:
        yield made


@pytest.fixture
async def page(chromium: Browser, world: World) -> AsyncIterator[Page]:
    made = await chromium.new_page(base_url=world.url, viewport=DESK)  # type: ignore[arg-type]
    complaints: list[str] = []
    made.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    await log_in(made, world.url)
    yield made
    await made.close()
    assert not complaints


@pytest.mark.law
async def test_a_prediction_is_answered_by_keyboard_on_its_page_and_taken_back(
    page: Page, world: World, task: str
) -> None:
    known = {"labels": [{"name": f"label_{number:02}"} for number in range(1, 13)]}
    await world.admin.put(f"/v1/tasks/{task}/labels", json=known)
    item = await world.log(task=task, predicted_intent="label_03")
    await page.goto(f"/dashboard/predictions/{item}")
    assert await barriers(page, is_first=True) == []
    await expect(page.locator("#card")).to_be_focused()
    await page.keyboard.press("n")
    await page.keyboard.type("the twelfth")
    await page.keyboard.press("Enter")
    await page.keyboard.press("/")
    await page.keyboard.type("12")
    await page.keyboard.press("Enter")
    row = page.get_by_role("row", name="label_12")
    await expect(row).to_contain_text("the twelfth")
    assert await barriers(page, is_first=True) == []
    await row.get_by_text("Decide").click()
    await row.get_by_role("button", name="Approve").click()
    await expect(row).to_contain_text("approved by you")
    await row.get_by_role("button", name="Take back").click()
    await expect(row).to_contain_text("taken back")
    *_, end = await world.truth(task)
    assert end["count"] == 0
    await page.goto(f"/dashboard/predictions/{item}")
    await page.keyboard.press("y")
    await expect(page.get_by_role("row", name="it was right")).to_be_visible()
