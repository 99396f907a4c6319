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


async def test_a_reviewer_corrects_and_approves_and_ground_truth_has_it(
    page: Page, world: World, task: str
) -> None:
    await world.log(task=task, prompt="Move lunch to two", predicted_intent="create_event")
    await page.goto(f"/dashboard/review?task={task}")
    item = page.get_by_role("listitem").filter(has_text="Move lunch to two")
    await item.get_by_label("The right intent").fill("move_event")
    await item.get_by_role("button", name="Correct").click()
    await item.get_by_label("may be quoted in prompts").check()
    await item.get_by_role("button", name="Approve").click()
    await expect(item.get_by_role("status")).to_have_text("Approved. It is ground truth now.")
    case, _ = await world.truth(task)
    assert (case["text"], case["truth"], case["may_quote"]) == (
        "Move lunch to two",
        "move_event",
        True,
    )


async def test_an_untouched_box_leaves_quoting_to_the_task(
    page: Page, world: World, task: str
) -> None:
    await world.admin.put(f"/v1/tasks/{task}/quoting", json={"may_quote": True})
    await world.log(task=task, prompt="Move lunch to three", predicted_intent="move_event")
    await page.goto(f"/dashboard/review?task={task}")
    item = page.get_by_role("listitem").filter(has_text="Move lunch to three")
    await item.get_by_role("button", name="It was right").click()
    await item.get_by_role("button", name="Approve").click()
    await expect(item.get_by_role("status")).to_have_text("Approved. It is ground truth now.")
    case, _ = await world.truth(task)
    assert case["may_quote"] is True


async def test_the_keyboard_is_enough(page: Page, world: World, task: str) -> None:
    for prompt, confidence in (("first", 0.1), ("second", 0.2)):
        await world.log(task=task, prompt=prompt, confidence=confidence)
    await page.goto(f"/dashboard/review?task={task}")
    await page.keyboard.press("j")
    await page.keyboard.press("y")
    first, second = (page.get_by_label(f"Prediction {one} of 2") for one in (1, 2))
    await expect(first.get_by_role("status")).to_contain_text("Noted.")
    await page.keyboard.press("a")
    await expect(first.get_by_role("status")).to_contain_text("ground truth")
    await expect(second).to_be_focused()
    await page.keyboard.press("e")
    await page.keyboard.type("leave")
    await page.keyboard.press("Enter")
    await expect(second.get_by_label("add it as a new label")).to_be_focused()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(second.get_by_role("status")).to_contain_text("Noted.")
    await page.keyboard.press("x")
    await expect(second.get_by_role("status")).to_contain_text("Rejected")
    case, end = await world.truth(task)
    assert (case["text"], case["truth"], end["count"]) == ("first", "greet", 1)


async def test_a_hostile_prompt_is_shown_as_text_and_runs_nothing(
    page: Page, world: World, task: str
) -> None:
    await world.log(task=task, prompt=HOSTILE, predicted_intent=HOSTILE)
    await page.goto(f"/dashboard/review?task={task}")
    item = page.get_by_role("listitem")
    await expect(item.locator(".prompt")).to_have_text(HOSTILE)
    await item.get_by_label("The right intent").fill(HOSTILE)
    await item.get_by_role("button", name="Correct").click()
    await expect(item.get_by_role("status")).to_contain_text("Noted.")
    for path in ("/dashboard/review?queue=proposed", f"/dashboard?task={task}"):
        await page.goto(path)
        await expect(page.get_by_text("window.owned").first).to_be_visible()
        assert await page.evaluate("window.owned") is None


async def test_a_conflict_is_settled_by_whoever_reads_both_sides(
    page: Page, world: World, task: str
) -> None:
    for intent in ("one", "other"):
        await world.approve(await world.correct(await world.log(task=task, prompt=HOSTILE), intent))
    await page.goto(f"/dashboard/review?queue=conflicts&task={task}")
    item = page.get_by_label("Conflict 1 of 1")
    await expect(item.locator(".prompt")).to_have_text(HOSTILE)
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await expect(item.get_by_role("status")).to_contain_text("The other truth is ground truth now.")
    case, end = await world.truth(task)
    assert (case["truth"], end["count"]) == ("other", 1)


async def test_a_doubted_label_stands_or_goes(page: Page, world: World, task: str) -> None:
    ids = []
    for text in (HOSTILE, "Move lunch"):
        said = {"task": task, "text": text, "truth": "greet"}
        ids.append((await world.admin.post("/v1/ground-truth", json=said)).json()["id"])
    doubts = [
        {"case_id": one, "kind": "label", "note": HOSTILE, "suggested": {"a": HOSTILE}}
        for one in ids
    ]
    await world.admin.post("/v1/reviews/findings", json={"findings": doubts})
    await page.goto(f"/dashboard/review?queue=suspicious-label&task={task}")
    stands = page.get_by_role("listitem").filter(has_text="Move lunch")
    await stands.get_by_role("button", name="The label stands").click()
    await expect(stands.get_by_role("status")).to_contain_text("The label stands.")
    goes = page.locator(f'[data-case="{ids[0]}"]')
    await goes.get_by_role("button", name="Withdraw the case").click()
    await expect(page.get_by_text("Withdrawn.")).to_be_visible()
    case, end = await world.truth(task)
    assert (case["text"], end["count"]) == ("Move lunch", 1)
    await page.reload()
    await expect(page.get_by_text("No label is in doubt.")).to_be_visible()
    assert await page.evaluate("window.owned") is None


async def test_what_the_server_refuses_is_told_beside_the_item(
    page: Page, world: World, task: str
) -> None:
    await world.log(task=task, prompt="said twice")
    other = await world.log(task=task, prompt="said twice ")
    await world.approve(await world.correct(other, "one"))
    await page.goto(f"/dashboard/review?task={task}")
    item = page.get_by_role("listitem")
    await item.get_by_role("button", name="Correct").click()
    await expect(item.get_by_role("status")).to_have_text("Say what is right first.")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("API key")).to_be_visible()


async def test_a_reviewer_chooses_a_label_and_a_typo_is_no_new_one(
    page: Page, world: World, task: str
) -> None:
    specs = [{"name": "create_event"}, {"name": "move_event"}, {"name": "old", "retired": True}]
    await world.admin.put(f"/v1/tasks/{task}/labels", json={"labels": specs})
    await world.log(task=task, prompt="Move lunch to two", predicted_intent="old")
    await page.goto(f"/dashboard/review?task={task}")
    item = page.get_by_role("listitem").filter(has_text="Move lunch to two")
    offered = await item.locator("datalist option").evaluate_all("all => all.map(one => one.value)")
    assert offered == ["create_event", "move_event"]
    await page.keyboard.press("j")
    await page.keyboard.press("e")
    await page.keyboard.type("mvoe_event")
    await page.keyboard.press("Enter")
    status, box = item.get_by_role("status"), item.get_by_label("add it as a new label")
    await expect(status).to_contain_text("Its labels: create_event, move_event.")
    await expect(box).to_be_focused()
    await item.get_by_label("The right intent").fill("Move_Event")
    await item.get_by_role("button", name="Correct").click()
    await expect(status).to_contain_text("Its labels: move_event, create_event.")
    await item.get_by_label("The right intent").fill("cancel_event")
    await page.keyboard.press("Enter")
    await expect(box).to_be_focused()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(status).to_contain_text("Noted.")
    await item.get_by_role("button", name="Approve").click()
    await expect(status).to_contain_text("ground truth")
    labels = (await world.admin.get(f"/v1/tasks/{task}/labels")).json()["labels"]
    assert [one["name"] for one in labels] == ["create_event", "move_event", "old", "cancel_event"]


async def test_a_label_of_a_task_without_a_set_is_new_only_on_purpose_once_it_has_some(
    page: Page, world: World, task: str
) -> None:
    await world.admin.post(
        "/v1/ground-truth", json={"task": task, "text": "Hi", "truth": "create_event"}
    )
    await world.log(task=task, prompt="Make lunch", predicted_intent="move_event")
    await page.goto(f"/dashboard/review?task={task}")
    item = page.get_by_role("listitem").filter(has_text="Make lunch")
    offered = await item.locator("datalist option").evaluate_all("all => all.map(one => one.value)")
    assert offered == ["move_event", "create_event"]
    await item.get_by_label("The right intent").fill("Create event")
    await page.keyboard.press("Enter")
    status = item.get_by_role("status")
    await expect(status).to_contain_text("Its labels: create_event, move_event.")
    await item.get_by_label("add it as a new label").check()
    await item.get_by_role("button", name="Correct").click()
    await expect(status).to_contain_text("There is also create_event")


async def test_a_proposal_and_a_dispute_about_no_label_of_the_task_say_so(
    page: Page, world: World, task: str
) -> None:
    await world.correct(await world.log(task=task, prompt="a"), "gone")
    for truth in ("stands", "other"):
        said = {"task": task, "text": "b", "truth": truth}
        await world.admin.post("/v1/ground-truth", json=said)
    specs = {"labels": [{"name": "stands"}]}
    assert (await world.admin.put(f"/v1/tasks/{task}/labels", json=specs)).status_code == 200
    for queue, act in (("proposed", "Approve"), ("conflicts", "Take the other")):
        await page.goto(f"/dashboard/review?queue={queue}&task={task}")
        item = page.locator("li.item")
        await expect(item).to_contain_text("no label of the task")
        await item.get_by_role("button", name=act).click()
        await expect(item.get_by_role("status")).to_contain_text("This is no label of the task.")
        await item.get_by_label("add it as a new label").check()
        await item.get_by_role("button", name=act).click()
        await expect(item.get_by_role("status")).to_contain_text("ground truth now")
    *cases, _ = await world.truth(task)
    assert {case["truth"] for case in cases} == {"gone", "other"}
