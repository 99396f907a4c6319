"""nlu-logger's numbers in a browser far from UTC: times are the reader's own, with UTC on hover,
what is chosen in a form means what the reader sees, and a table is saved however small."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.chromium import needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack

pytestmark = needs_browser
SEARCH = "/dashboard/predictions?since=2026-03-01T12:00:00"


@pytest.fixture
async def page(chromium: Browser, stack: Stack) -> AsyncIterator[Page]:
    context = await chromium.new_context(
        base_url=str(stack.logger.base_url), timezone_id="Asia/Kolkata", locale="en-GB"
    )
    made = await context.new_page()
    await made.goto("/dashboard/login")
    await made.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await made.get_by_role("button", name="Log in").click()
    await expect(made.get_by_role("heading", name="Overview")).to_be_visible()
    yield made
    await context.close()


async def test_the_period_of_the_overview_is_local_with_utc_on_hover(page: Page) -> None:
    for end in await page.locator(".bar time").all():
        assert "UTC" not in await end.inner_text()
        title = await end.get_attribute("title")
        assert title is not None
        assert title.endswith(" UTC")


async def test_drift_is_saved_although_it_has_two_rows(page: Page) -> None:
    async with page.expect_download() as saved:
        await page.get_by_role("region", name="Drift").get_by_role("button").click()
    table = (await (await saved.value).path()).read_text("utf-8-sig")
    assert [line.split(",")[0] for line in table.splitlines()] == [
        '"Of"',
        '"Intents"',
        '"Confidence"',
    ]


async def test_moments_of_a_form_are_local_and_are_sent_in_utc(page: Page) -> None:
    await page.goto(SEARCH)
    since = page.get_by_label("From", exact=True)
    await expect(since).to_have_value("2026-03-01T17:30")
    assert await since.get_attribute("title") == "2026-03-01 12:00 UTC"
    await since.fill("2026-03-01T06:00")
    await page.get_by_role("button", name="Search").click()
    await page.wait_for_url(re.compile("since=2026-03-01T00%3A30%3A00"))
    await expect(page.get_by_label("From", exact=True)).to_have_value("2026-03-01T06:00")


async def test_a_folded_filter_tells_moments_as_people_write_them(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(SEARCH)
    await expect(page.locator(".fold > summary")).to_have_text("Filter: 1 Mar 2026, 17:30")
