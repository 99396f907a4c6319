"""Pages on a phone and on a wide screen: what is a table there is a list of cards here, filters are
folded, nothing is wider than the page, and what leads on is in reach of a thumb."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.chromium import needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import start

pytestmark = needs_browser
WIDTH, DESK = 390, {"width": 1280, "height": 900}
TASK = "on-a-phone"
LINES = """(cells) => cells.filter((one) => one.checkVisibility()).map((one) =>
  [one.dataset.label ?? null, one.textContent.trim()])"""
IS_CUT = "(places) => places.some((one) => one.scrollWidth > one.clientWidth)"
HEIGHTS = "(links) => links.map((one) => one.getBoundingClientRect().height)"
PUT_IN = """() => document.querySelector("main").insertAdjacentHTML("beforeend",
  `<table id="later"><thead><tr><th scope="col">Who</th><th scope="col">Said</th></tr></thead>
  <tbody><tr><th scope="row">Mary</th><td>to_be_continued</td></tr></tbody></table>`)"""


@pytest.fixture
async def phone(chromium: Browser) -> AsyncIterator[Page]:
    """With fingers and without a keyboard."""
    context = await chromium.new_context(
        viewport={"width": WIDTH, "height": 844}, has_touch=True, is_mobile=True
    )
    yield await context.new_page()
    await context.close()


async def log_in(page: Page, url: str) -> None:
    await page.goto(f"{url}/dashboard/login")
    await page.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("button", name="Log out")).to_be_visible()


async def log(stack: Stack, **fields: object) -> None:
    body = {"task": TASK, "predicted_intent": "greet", **fields}
    answer = await stack.logger.post("/v1/predictions", json=body)
    assert answer.status_code == 201, answer.text


async def fits(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth") <= WIDTH)


@pytest.mark.law
async def test_a_row_is_a_card_that_names_its_columns_and_leaves_out_what_is_empty(
    phone: Page, stack: Stack
) -> None:
    await log(stack, prompt="less sure", confidence=0.2)
    await log(stack, prompt="quite sure", confidence=0.9)
    url = str(stack.logger.base_url)
    await log_in(phone, url)
    await phone.goto(f"{url}/dashboard/predictions?task={TASK}")
    cells = phone.locator("tbody tr").filter(has_text="quite sure").locator("th, td")
    named = await cells.evaluate_all(LINES)
    assert named[:4] == [
        [None, "quite sure"], ["Intent", "greet"], ["Confidence", "0.90"], ["Task", TASK],
    ]  # fmt: skip
    assert not await phone.locator(".scroll").evaluate_all(IS_CUT)
    assert await fits(phone)
    await phone.get_by_label("Sort by").select_option("Sort by confidence")
    await phone.wait_for_url("**sort=confidence**")
    await expect(phone.locator("tbody tr").first).to_contain_text("less sure")
    await phone.get_by_role("button", name="The other way round").click()
    await expect(phone.locator("tbody tr").first).to_contain_text("quite sure")


async def test_a_filter_is_folded_and_says_what_it_holds_and_a_wide_screen_has_it_open(
    phone: Page, stack: Stack
) -> None:
    url = str(stack.logger.base_url)
    await log_in(phone, url)
    await phone.goto(f"{url}/dashboard/predictions?intent=greet")
    folded = phone.locator("summary", has_text="Filter: greet")
    await expect(phone.get_by_label("Text holds")).to_be_hidden()
    await folded.click()
    await expect(phone.get_by_label("Text holds")).to_be_visible()
    assert await fits(phone)
    await phone.set_viewport_size(DESK)
    await expect(folded).to_have_count(0)
    await expect(phone.get_by_label("Text holds")).to_be_visible()


async def test_a_reviewer_skips_without_scrolling_and_reads_no_keys_where_there_are_none(
    phone: Page, stack: Stack
) -> None:
    await log(stack, prompt="what is it?", confidence=0.1)
    url = str(stack.logger.base_url)
    await log_in(phone, url)
    await phone.goto(f"{url}/dashboard/review?queue=low-confidence&task={TASK}")
    skip = phone.get_by_role("button", name="Skip")
    await expect(skip).to_be_in_viewport(ratio=1)
    await expect(skip.locator("kbd")).to_be_hidden()
    heights = await phone.locator("header nav a").evaluate_all(HEIGHTS)
    assert min(heights) >= 40


@pytest.mark.law
async def test_no_line_of_keys_covers_the_labels_of_a_narrow_window(
    chromium: Browser, stack: Stack
) -> None:
    for number in range(30):
        await log(
            stack,
            prompt="which?",
            task=f"{TASK}-many",
            predicted_intent=f"label {number}",
            confidence=0.9,
        )
    await log(stack, prompt="this?", task=f"{TASK}-many", confidence=0.1)
    narrow = await chromium.new_page(viewport={"width": WIDTH, "height": 700})
    url = str(stack.logger.base_url)
    await log_in(narrow, url)
    await narrow.goto(f"{url}/dashboard/review?queue=low-confidence&task={TASK}-many")
    bar = narrow.locator(".answer > .actions")
    box = await bar.bounding_box()
    assert box is not None
    assert box["height"] < 80
    await expect(bar.locator(".keys")).to_be_hidden()
    last = narrow.locator("[name=label]").last
    await last.focus()
    place = await last.bounding_box()
    box = await bar.bounding_box()
    assert place is not None
    assert box is not None
    assert place["y"] + place["height"] <= box["y"]
    await narrow.close()


async def test_what_a_page_puts_in_later_is_a_list_of_cards_too(phone: Page, stack: Stack) -> None:
    url = str(stack.induction.base_url)
    await log_in(phone, url)
    await phone.evaluate(PUT_IN)
    cell = phone.locator("#later td")
    await expect(cell).to_have_attribute("data-label", "Said")
    assert await cell.inner_html() == "to_<wbr>be_<wbr>continued"


@pytest.mark.law
async def test_an_extraction_fits_on_the_page_of_its_case(phone: Page, stack: Stack) -> None:
    task = "coded-on-a-phone"
    await stack.induction.post("/v1/tasks", json={"slug": task, "kind": "extraction"})
    await stack.induction.post(f"/v1/prompts/{task}/versions", json={"promote": True})
    person = {"id": -1, "name": "Mary" * 20}
    for text in ("Mary moved.", "Ben died."):
        case = {"task": task, "text": text, "truth": {"people": [person], "events": []}}
        made = await stack.logger.post("/v1/ground-truth", json=case)
        assert made.status_code == 201, made.text
    run = await start(stack, task, kind="evaluate")
    url = str(stack.induction.base_url)
    await log_in(phone, url)
    await phone.goto(f"{url}/dashboard/runs/{run}/cases/{made.json()['id']}")
    await expect(phone.get_by_text("MaryMary")).to_be_visible()
    assert await fits(phone)
    await stack.induction.post(f"/v1/runs/{run}/cancel")


@pytest.mark.law
@pytest.mark.parametrize("service", ["logger", "induction"])
async def test_a_page_that_is_not_there_names_its_request_and_leads_on(
    phone: Page, stack: Stack, service: str
) -> None:
    url = str(getattr(stack, service).base_url)
    await log_in(phone, url)
    answer = await phone.goto(f"{url}/dashboard/no-such-page")
    assert answer is not None
    assert answer.status == 404
    await expect(phone.get_by_text(f"Request id: {answer.headers['x-request-id']}")).to_be_visible()
    assert await fits(phone)
    await phone.get_by_role("link", name="To the dashboard").click()
    await expect(phone.get_by_role("button", name="Log out")).to_be_visible()


@pytest.mark.law
async def test_a_difference_is_side_by_side_where_there_is_room_and_below_each_other_on_a_phone(
    phone: Page, stack: Stack
) -> None:
    await make_task(stack, TASK)
    labels = "topic_0, topic_1, topic_2 or topic_3"
    made = []
    for text in (f"Read it.\nSay {labels},\nquickly.", f"Read it.\nSay\n{labels}, slowly."):
        path = f"/v1/prompts/{TASK}/versions"
        answer = await stack.induction.post(path, json={"text": text})
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["id"])
    url = str(stack.induction.base_url)
    await log_in(phone, url)
    await phone.goto(f"{url}/dashboard/tasks/{TASK}/versions/{made[1]}?against={made[0]}")
    assert await phone.locator(".diff mark").all_text_contents() == ["quickly", "slowly"]
    old = phone.locator(".removed").first
    new = phone.locator(".added").first
    for is_wide in (False, True):
        if is_wide:
            await phone.set_viewport_size(DESK)
        left, right = await old.bounding_box(), await new.bounding_box()
        assert left is not None
        assert right is not None
        assert (right["x"] > left["x"] + left["width"] - 1) is is_wide
        assert (right["y"] > left["y"]) is not is_wide
