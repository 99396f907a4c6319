"""Every page of both services in a browser, light and dark and as wide as a phone: no barrier that
axe-core knows of level A or AA, no complaint in the console, no request to another host; and every
table is sorted and saved with all of its rows."""

from collections.abc import AsyncIterator

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.fixtures.chromium import needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import Stack
from tests.fixtures.tables import owed
from tests.fixtures.walking import (
    INDUCTION_PAGES,
    LOGGER_PAGES,
    induction_walk,
    logger_walk,
)

pytestmark = needs_browser
PHONE, DESK = {"width": 390, "height": 800}, {"width": 1280, "height": 800}
OF_LEVELS = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
OF_COLOURS = {"type": "rule", "values": ["color-contrast"]}
AXE = Axe()
LOOK = """async (only) => {
  const { violations } = await axe.run({ runOnly: only, resultTypes: ["violations"] });
  return violations.flatMap(({ id, nodes }) => nodes.map((one) => `${id}: ${one.html}`));
}"""
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""The page has heard of its new size."""
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    made = await chromium.new_page(viewport=DESK)
    yield made
    await made.close()


@pytest.mark.law
async def test_no_page_has_a_barrier_complains_asks_another_host_or_keeps_rows_from_a_reader(
    page: Page, stack: Stack
) -> None:
    wrong: list[str] = []
    page.on("console", lambda one: wrong.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda one: None if is_ours(stack, one.url) else wrong.append(one.url))
    induction, logger = await induction_walk(stack), await logger_walk(stack)
    assert (set(induction.pages), set(logger.pages)) == (INDUCTION_PAGES, LOGGER_PAGES)
    broken: list[str] = []
    for walk in (induction, logger):
        await log_in(page, walk.url)
        for path, is_first in (
            (one, one == every[0]) for every in walk.pages.values() for one in every
        ):
            wrong.clear()
            await page.goto(f"{walk.url}{path}")
            wrong += await barriers(page, is_first=is_first)
            wrong += await owed(page)
            broken += [f"{path}: {one}" for one in wrong]
    assert not broken, "\n".join(broken)


def is_ours(stack: Stack, url: str) -> bool:
    return url.startswith((str(stack.induction.base_url), str(stack.logger.base_url)))


async def log_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/dashboard/login")
    await page.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("button", name="Log out")).to_be_visible()


async def barriers(page: Page, *, is_first: bool) -> list[str]:
    """What axe-core names of the page; of the first one of a template also on a phone, and in the
    dark, its colours alone. And how wide it is on a phone, if that is too wide."""
    await page.evaluate(AXE.axe_script)
    named: list[str] = await page.evaluate(LOOK, OF_LEVELS)
    if is_first:
        await page.emulate_media(color_scheme="dark")
        named += [f"dark: {one}" for one in await page.evaluate(LOOK, OF_COLOURS)]
        await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(PHONE)
    await page.evaluate(DRAWN)
    if (width := await page.evaluate(WIDTH)) > PHONE["width"]:
        named.append(f"{width} px wide on a phone")
    if is_first:
        named += [f"on a phone: {one}" for one in await page.evaluate(LOOK, OF_LEVELS)]
    await page.set_viewport_size(DESK)
    return named
