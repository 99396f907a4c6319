"""What a person has typed is not lost: leaving asks first, and a login that is over says where a
new one is made."""

import re

import pytest
from playwright.async_api import Browser, BrowserContext, Dialog, Page, expect

from tests.fixtures.chromium import needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack

pytestmark = needs_browser


async def logged_in(context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto("/dashboard")
    await page.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    return page


@pytest.mark.law
async def test_leaving_a_form_asks_only_while_something_is_typed_and_not_sent(
    chromium: Browser, stack: Stack
) -> None:
    version = await make_task(stack, "typed-here", cases=4)
    context = await chromium.new_context(base_url=str(stack.induction.base_url))
    page = await logged_in(context)
    questions: list[str] = []

    async def leave(dialog: Dialog) -> None:
        questions.append(dialog.type)
        await dialog.accept()

    page.on("dialog", leave)
    own = f"/dashboard/tasks/typed-here/versions/{version}"
    for path, field, is_asked in (
        (f"{own}/edit", page.locator("textarea").first, True),
        ("/dashboard/new-task", page.get_by_label("Its slug"), True),
        ("/dashboard/tasks/typed-here/improve", page.get_by_label("Calls"), True),
        ("/dashboard/config", page.get_by_label("Named or about"), False),
    ):
        await page.goto(path)
        await page.goto("/dashboard")
        assert questions == [], path
        await page.goto(path)
        await field.click()
        await page.keyboard.type("7")
        await page.goto("/dashboard")
        assert questions == ["beforeunload"] * is_asked, path
        questions.clear()
        await page.goto(path)
        await field.click()
        await page.keyboard.type("7")
        await page.keyboard.press("Backspace")
        await page.goto("/dashboard")
        assert questions == [], path
    await page.goto("/dashboard/new-task")
    slug = page.get_by_label("Its slug")
    await expect(slug).to_have_attribute("title", re.compile("small letters, digits, - and _"))
    await slug.fill("typed-and-kept")
    await page.get_by_label("One a line").fill("a\nb")
    await page.get_by_role("button", name="Make the task").click()
    await page.wait_for_url("**/dashboard/tasks/typed-and-kept")
    assert questions == []
    await context.close()


@pytest.mark.law
async def test_where_the_login_is_over_a_new_one_in_another_tab_lets_the_form_be_sent(
    chromium: Browser, stack: Stack
) -> None:
    context = await chromium.new_context(base_url=str(stack.induction.base_url))
    page = await logged_in(context)
    await page.goto("/dashboard/new-task")
    await page.get_by_label("Its slug").fill("sent-later")
    await page.get_by_label("One a line").fill("a\nb")
    await context.clear_cookies()
    await page.get_by_role("button", name="Make the task").click()
    await expect(page.get_by_role("alert")).to_contain_text("Your login is over")
    async with context.expect_page() as opened:
        await page.get_by_role("link", name="Log in in a new tab").click()
    tab = await opened.value
    await tab.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await tab.get_by_role("button", name="Log in").click()
    await expect(tab.get_by_role("heading", name="Tasks")).to_be_visible()
    await expect(page.get_by_label("Its slug")).to_have_value("sent-later")
    await page.get_by_role("button", name="Make the task").click()
    await page.wait_for_url("**/dashboard/tasks/sent-later")
    await context.close()
