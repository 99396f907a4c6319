"""A reviewer's morning and an operator's in a real browser: twenty items labelled and approved by
keyboard alone, in one go; pages that complain of nothing and ask no other host."""

import csv
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.chromium import dragged, needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, opened

pytestmark = needs_browser
HOSTILE = '<script>window.owned = 1</script><img src=x onerror="window.owned = 2">'
ITEMS = 20
LABELS = ("cancel_event", "create_event", "find_time", "invite", "move_event", "remind")
MORE = tuple(f"rare_{one}" for one in range(12))


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers) as made:
        yield made


class Keyboard:
    """Presses keys, one after the other, and counts them."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.pressed = 0

    async def press(self, keys: str) -> None:
        for key in keys.split():
            self.pressed += 1
            await self._page.keyboard.press(key)


@pytest.fixture
async def page(chromium: Browser, world: World) -> AsyncIterator[Page]:
    made = await chromium.new_page(base_url=world.url)
    complaints: list[str] = []
    made.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on(
        "request", lambda one: None if one.url.startswith(world.url) else complaints.append(one.url)
    )
    await made.goto("/dashboard/login")
    await made.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await made.get_by_role("button", name="Log in").click()
    await expect(made.get_by_role("heading", name="Overview")).to_be_visible()
    yield made
    await made.close()
    assert not complaints


@pytest.mark.law
async def test_twenty_items_are_labelled_and_approved_by_keyboard_alone_in_one_go(
    page: Page, world: World, task: str
) -> None:
    known = {"labels": [{"name": name} for name in (*LABELS, *MORE)]}
    await world.admin.put(f"/v1/tasks/{task}/labels", json=known)
    for number in range(ITEMS):
        label = LABELS[number % len(LABELS)]
        other = LABELS[(number + 1) % len(LABELS)]
        await world.log(
            task=task,
            prompt=f"item {number} of {chr(97 + number) * 9}",
            predicted_intent=label,
            secondary_intents=[{"intent": other, "confidence": 0.1}],
            confidence=0.2 + number / 100,
        )
    await page.goto(f"/dashboard/review?task={task}")
    keyboard = Keyboard(page)
    card = page.locator("#card")
    await expect(card).to_be_focused()
    await keyboard.press("a q")  # approve at once, and let prompts quote it: once for all
    for number in range(ITEMS):
        await expect(card.locator(".prompt")).to_contain_text(f"item {number} of")
        # Most are right or the runner-up; every tenth is a label that one has to look for.
        runner_up = f"{(number + 1) % len(LABELS) + 1}"  # each label's number, on every item
        await keyboard.press(
            "/ _ 7 Enter" if number % 10 == 9 else runner_up if number % 3 else "y"
        )
    await expect(page.get_by_text("No prediction is unsure and unreviewed.")).to_be_visible()
    await expect(page.locator("#inbox")).to_contain_text(f"{ITEMS} done this session")
    *cases, end = await world.truth(task)
    assert end["count"] == ITEMS
    assert {case["may_quote"] for case in cases} == {True}
    assert sum(case["truth"] == "rare_7" for case in cases) == 2
    assert keyboard.pressed == 2 + 18 + 2 * 4


async def test_notes_skips_undo_and_new_labels_need_no_mouse_either(
    page: Page, world: World, task: str
) -> None:
    await world.admin.put(f"/v1/tasks/{task}/labels", json={"labels": [{"name": "greet"}]})
    for prompt, confidence in (("first", 0.1), ("second", 0.2)):
        await world.log(task=task, prompt=prompt, confidence=confidence)
    await page.goto(f"/dashboard/review?task={task}")
    keyboard, card = Keyboard(page), page.locator("#card")
    prompt = card.locator(".prompt")
    await keyboard.press("s")
    await expect(prompt).to_have_text("second")
    await keyboard.press("/")
    await page.keyboard.type("graet")
    await keyboard.press("Enter")  # a typo is no label, and chooses none
    await expect(prompt).to_have_text("second")
    await expect(card.get_by_label("add what is typed as a new label")).to_be_focused()
    await keyboard.press("Escape n")
    await page.keyboard.type("as Ann said")
    await keyboard.press("Enter 1")
    await expect(page.get_by_text("What is left here you skipped")).to_be_visible()
    await keyboard.press("Enter")
    await expect(prompt).to_have_text("first")
    await keyboard.press("/")
    await page.keyboard.type("goodbye")
    await keyboard.press("Enter Space Escape /  Enter")
    await expect(page.locator(".last")).to_contain_text("goodbye")
    await keyboard.press("u")
    await expect(prompt).to_have_text("first")
    await expect(page.locator("#announce")).to_contain_text("Undone")
    made = (await world.admin.get("/v1/corrections")).json()["items"]
    notes = {one["correction_notes"]: one["status"] for one in made}
    assert notes["as Ann said"] == "proposed"


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


async def test_rows_of_a_page_are_sorted_kept_by_a_word_and_saved(
    page: Page, world: World, task: str
) -> None:
    for number in range(12):
        intent = f"=row {number}" if number % 4 else f"other {number}"
        await world.log(task=task, predicted_intent=intent, confidence=number / 100)
    await page.goto(f"/dashboard?task={task}")
    intents = page.get_by_role("region", name="Intents")
    rows = intents.locator("tbody tr")
    await intents.get_by_role("button", name="Confidence").click()
    await expect(rows.first).to_contain_text("0.11")
    await intents.get_by_role("button", name="Confidence").click()
    await expect(rows.nth(1)).to_contain_text("0.01")
    await intents.get_by_label("keep what holds").fill("ROW")
    await expect(intents.get_by_text("9 of 12")).to_be_visible()
    async with page.expect_download() as saved:
        await intents.get_by_role("button", name="Save as CSV").click()
    path = await (await saved.value).path()
    head, first, *others = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    assert (head[0], first[0], first[3], len(others)) == ("Intent", "'=row 1", "0.01", 8)


@pytest.mark.law
async def test_a_chosen_file_is_brought_in_and_its_refused_rows_saved_and_a_mistake_looked_into(
    page: Page, world: World, task: str
) -> None:
    await page.goto("/dashboard/operations")
    await page.get_by_role("link", name="Imports").click()
    table = f"text,label\nbuy milk,shop\n,{HOSTILE.replace(',', '')}\n".encode()
    file = {"name": "cases.csv", "mimeType": "text/csv", "buffer": table}
    await page.get_by_label("Choose the file").set_input_files(file)
    await expect(page.get_by_label("Or paste it")).to_have_value(table.decode())
    await page.get_by_label("Or a new task").fill(task)
    await page.get_by_role("button", name="Bring it in").click()
    await expect(page.get_by_role("status")).to_contain_text("1 new, 1 refused")
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save the file").click()
    rejected = (await (await saved.value).path()).read_text("utf-8-sig")
    assert rejected.startswith("rejected_line,rejected_because,text,label\n3,")
    await page.get_by_role("link", name="See the cases").click()
    await expect(page.get_by_role("row", name="buy milk")).to_contain_text("shop")

    item = await world.log(task=task, prompt="feed the cat", predicted_intent="shop")
    await world.approve(await world.correct(item, "remind"))
    await page.goto(f"/dashboard?task={task}")
    await page.get_by_role("link", name="What is confused").click()
    cell = page.get_by_role("link", name="1 that are remind and were answered shop")
    await cell.first.click()
    await expect(page.get_by_role("link", name="feed the cat")).to_be_visible()


async def test_a_person_is_erased_with_a_receipt(page: Page, world: World) -> None:
    person = "0189aaaa-0000-4000-8000-000000000001"
    await world.log(user_id=person, prompt="forget me")
    await page.goto("/dashboard/operations/erasure")
    await page.get_by_label("User id").fill(person)
    await page.get_by_label("The same once more").fill(person)
    await page.get_by_role("button", name="Erase this person").click()
    await expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    rows = (await world.admin.get("/v1/predictions", params={"user": person})).json()["items"]
    assert rows == []


async def test_a_file_that_is_dropped_on_its_form_is_taken_as_a_chosen_one_is(page: Page) -> None:
    rows = "text,label\nbuy milk,shop\n"
    form, box = page.locator("form.stack"), page.locator("textarea#file")
    alert = form.get_by_role("alert")
    await page.goto("/dashboard/operations/imports")
    table = await dragged(page, {"rows.csv": rows})
    await form.dispatch_event("dragenter", {"dataTransfer": table})
    await expect(form).to_have_class(re.compile("dropping"))
    await box.dispatch_event("drop", {"dataTransfer": table})
    await expect(box).to_have_value(rows)
    await expect(form).not_to_have_class(re.compile("dropping"))
    await form.dispatch_event("drop", {"dataTransfer": await dragged(page, {"a": "a", "b": "b"})})
    await expect(alert).to_contain_text("One file at a time")
    await form.dispatch_event("drop", {"dataTransfer": await dragged(page, {"empty.csv": " "})})
    await expect(alert).to_contain_text("It is empty.")
    await expect(box).to_have_value(rows)
    # A miss does not lead the browser to the file, away from what stands on the page.
    missed = await page.get_by_role("heading", level=1).evaluate(
        """(heading, dataTransfer) => heading.dispatchEvent(
            new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }))""",
        table,
    )
    assert missed is False


async def test_a_chosen_file_comes_in_as_it_was_written_or_not_at_all(
    page: Page, world: World, task: str
) -> None:
    async def choose(name: str, content: bytes) -> None:
        file = {"name": name, "mimeType": "text/csv", "buffer": content}
        await page.locator("input[type=file]").set_input_files(files=[file])  # type: ignore[list-item]

    rows = "text,label\nà demain,grüßen\n"
    box, refused = page.locator("textarea#file"), page.locator("#file-refused")
    await page.goto("/dashboard/operations/imports")
    await page.get_by_label("Or a new task").fill(task)
    await choose("ansi.csv", rows.encode("cp1252"))
    await expect(refused).to_contain_text("save it as UTF-8")
    await expect(box).to_have_value("")
    await choose("long.csv", b"text,label\n" + b"a,b\n" * 20_000)
    await expect(refused).to_contain_text("80,011 characters")
    await choose("wide.csv", b"\xff\xfe" + rows.encode("utf-16-le"))
    await expect(refused).to_be_empty()
    await expect(box).to_have_value(rows)
    await page.get_by_role("button", name="Bring it in").click()
    await expect(page.get_by_text("1 new")).to_be_visible()
    case, _ = await world.truth(task)
    assert (case["text"], case["truth"]) == ("à demain", "grüßen")
