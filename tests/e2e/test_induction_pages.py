"""A prompt owner in a real browser: order a run, watch it end, read the verdict, promote."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.chromium import dragged, needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import DEADLINE_SECONDS, Stack
from tests.induction.runs.driving import reached, start

pytestmark = needs_browser
PATIENCE_MS = 1_000 * DEADLINE_SECONDS


@pytest.fixture
async def page(chromium: Browser, stack: Stack) -> AsyncIterator[Page]:
    """A browser that has logged in; the test fails if a page complains or asks another host."""
    url = str(stack.induction.base_url)
    made = await chromium.new_page(base_url=url)
    complaints: list[str] = []
    made.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("request", lambda one: None if one.url.startswith(url) else complaints.append(one.url))
    await made.goto("/dashboard")
    await made.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await made.get_by_role("button", name="Log in").click()
    await expect(made.get_by_role("heading", name="Tasks")).to_be_visible()
    yield made
    await made.close()
    assert not complaints


@pytest.mark.law
async def test_a_run_is_ordered_watched_to_its_verdict_and_its_winner_promoted(
    page: Page, stack: Stack
) -> None:
    await make_task(stack, "in-a-browser", cases=60)
    await page.goto("/dashboard")
    card = page.get_by_role("region", name="in-a-browser")
    await card.get_by_role("link", name="Improve this prompt").click()
    await page.get_by_label("Changes").fill("2")
    await expect(page.get_by_role("status")).to_contain_text("60 approved")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_text("waits for a worker")).to_be_visible()
    await page.get_by_label("Tell the model that proposes").fill("mind the negations")
    await page.get_by_role("button", name="Send the hint").click()
    await expect(page.get_by_text("The next proposal hears it.")).to_be_visible()
    async with stack.working():
        winner = page.get_by_role("link", name="See the winner and promote it")
        await expect(winner).to_be_visible(timeout=PATIENCE_MS)
        # Past its verdict the run still looks into what is wrong.
        await expect(page.get_by_role("button", name="Pause")).to_have_count(0, timeout=PATIENCE_MS)
    await expect(page.get_by_role("heading", name="The verdict")).to_be_visible()
    await winner.click()
    await page.get_by_role("button", name="Promote to production").click()
    await expect(page.get_by_text("production", exact=True)).to_be_visible()


@pytest.mark.law
async def test_a_finished_run_is_read_off_its_chart_and_replayed(page: Page, stack: Stack) -> None:
    await make_task(stack, "read-off", cases=60)
    run_id = await start(stack, "read-off", limits={"iterations": 2})
    async with stack.working():
        run = await reached(stack, run_id)
    await page.goto(f"/dashboard/runs/{run_id}")
    await expect(page.locator("#plot canvas")).to_be_visible()
    await expect(page.locator("#readout")).to_contain_text("the best so far")
    await page.get_by_label("F1 on the cases that teach").check()
    await expect(page.locator("#readout")).to_contain_text("F1 on the cases that teach")
    measured = [one["n"] for one in run["changes"] if one["validation_f1"] is not None]
    cards = page.locator(".changes > li:not([hidden])")
    every = len(run["changes"])
    await expect(cards).to_have_count(every)
    await page.get_by_label("Changes that are shown").fill("1")
    await expect(cards).to_have_count(measured[0])
    await page.get_by_role("button", name="Replay").click()
    await expect(cards).to_have_count(every, timeout=PATIENCE_MS)
    hunks = page.locator("details.hunks").first
    await hunks.locator("summary").click()
    await expect(hunks).to_contain_text("estimated from the text")


@pytest.mark.law
async def test_a_pause_and_a_cancellation_show_at_once(page: Page, stack: Stack) -> None:
    await make_task(stack, "steered-by-hand", cases=12)
    started = await stack.induction.post("/v1/runs", json={"task": "steered-by-hand"})
    await page.goto(f"/dashboard/runs/{started.json()['id']}")
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_role("button", name="Resume").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator("[data-part=head] .tag")).to_contain_text("cancel")


@pytest.mark.law
async def test_changes_are_approved_and_vetoed_on_the_page_of_their_run(
    page: Page, stack: Stack
) -> None:
    await make_task(stack, "asked-by-hand", cases=24)
    await page.goto("/dashboard/tasks/asked-by-hand/improve")
    await page.get_by_label("Changes").fill("2")
    await page.get_by_label("let me approve each change").check()
    await page.get_by_label("Minutes it waits").fill("45")
    await expect(page.get_by_role("status")).to_contain_text("up to 45 minutes")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_text("waits for a worker")).to_be_visible()
    waiting = page.locator("[data-part=approval]")
    async with stack.working():
        await expect(waiting).to_contain_text("waits for you", timeout=PATIENCE_MS)
        await expect(waiting).to_contain_text("44 min")
        await expect(waiting).to_contain_text("Examples added")
        await waiting.get_by_label("Why not").fill("Shorter, please")
        await waiting.get_by_role("button", name="Veto").click()
        vetoed = page.locator("[data-part=changes]").get_by_text("not approved")
        await expect(vetoed).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.get_by_text("A change was vetoed: Shorter, please")).to_be_visible(
            timeout=PATIENCE_MS
        )
    other = {"task": "approved-by-hand", "approval": "each-change", "limits": {"iterations": 1}}
    await make_task(stack, "approved-by-hand", cases=24)
    started = await stack.induction.post("/v1/runs", json=other)
    await page.goto(f"/dashboard/runs/{started.json()['id']}")
    now = page.locator("#doing")
    async with stack.working():
        await expect(now).to_have_text("a change waits for you", timeout=PATIENCE_MS)
        await expect(waiting).to_contain_text("waits for you", timeout=PATIENCE_MS)
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await waiting.get_by_role("button", name="Approve").click()
    await expect(now).to_have_text("waits for a worker")
    async with stack.working():
        await expect(page.locator("[data-part=changes]").get_by_text("Approved by")).to_be_visible(
            timeout=PATIENCE_MS
        )


@pytest.mark.law
async def test_an_operator_sets_a_trigger_tries_a_version_on_traffic_and_makes_a_key(
    page: Page, stack: Stack
) -> None:
    await make_task(stack, "kept-by-hand")
    text = "Answer with topic_0, topic_1, topic_2 or topic_3, and nothing else."
    path = "/v1/prompts/kept-by-hand/versions"
    made = await stack.induction.post(path, json={"text": text})
    await page.goto("/dashboard/tasks/kept-by-hand")
    await page.get_by_text("Take a bundle of another instance").click()
    nothing = {"name": "a.json", "mimeType": "application/json", "buffer": b"no JSON"}
    await page.get_by_label("Choose the file").set_input_files(nothing)
    await page.get_by_role("button", name="Take it").click()
    await expect(page.get_by_text("This is no bundle: it is no JSON.")).to_be_visible()
    await page.get_by_role("link", name="Trigger").click()
    await page.get_by_label("runs start by themselves").check()
    await page.get_by_label("hours from one start").fill("30.5")
    await page.get_by_role("button", name="Save the rules").click()
    await expect(page.get_by_text("watches", exact=True)).to_be_visible()
    await expect(page.get_by_label("hours from one start")).to_have_value("30.5")
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Paused by bootstrap")).to_be_visible()

    await page.goto(f"/dashboard/tasks/kept-by-hand/versions/{made.json()['id']}")
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="prompts.py").click()
    assert text in (await (await saved.value).path()).read_text()
    await page.get_by_role("button", name="To staging").click()
    await expect(page.get_by_text("staging", exact=True)).to_be_visible()
    await page.get_by_role("link", name="Try it on live traffic").click()
    await page.get_by_label("share of units").select_option("50 % from the start")
    await page.get_by_text("Intents that may not lose").click()
    await page.get_by_label("topic_1").check()
    await page.get_by_role("button", name="Start the experiment").click()
    await expect(page.get_by_text("Not decided yet")).to_be_visible()
    await expect(page.get_by_text("50 % of conversations")).to_be_visible()
    await page.get_by_label("Why").fill("enough")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_text("stopped without a winner")).to_be_visible()

    await page.get_by_role("link", name="Operations").click()
    await page.get_by_role("link", name="Keys").click()
    await page.get_by_label("name, as people call it").fill("of a pipeline")
    await page.get_by_label("read and watch runs").check()
    await page.get_by_role("button", name="Make the key").click()
    shown = page.get_by_label("Shown this once")
    await expect(shown).to_have_value(re.compile("nlk_"))
    await page.get_by_role("button", name="I have kept it").click()
    await expect(page.get_by_text("It may: read and watch runs.")).to_be_visible()
    await expect(shown).to_have_count(0)


@pytest.mark.law
async def test_a_prompt_that_is_dropped_is_brought_in(page: Page, stack: Stack) -> None:
    await make_task(stack, "dropped")
    await page.goto("/dashboard/tasks/dropped")
    fold = page.locator("details", has_text="Bring a prompt in")
    await expect(page.get_by_role("button", name="Bring it in")).to_be_hidden()
    text = "Answer with topic_0, topic_1, topic_2 or topic_3, and nothing else."
    module = {"prompts.py": f"PROMPT = {text!r}\n"}
    await fold.dispatch_event("drop", {"dataTransfer": await dragged(page, module)})
    await expect(page.get_by_label("Or what stands in")).to_have_value(module["prompts.py"])
    await fold.dispatch_event("drop", {"dataTransfer": await dragged(page, {"a.txt": text})})
    await expect(page.get_by_label("Or paste the text")).to_have_value(text)
    await expect(page.get_by_label("Or what stands in")).to_have_value("")
    await page.get_by_role("button", name="Bring it in").click()
    await expect(page.locator("pre.prompt-text")).to_contain_text(text)
    await page.goto("/dashboard/tasks/dropped")
    bundle = page.locator("details", has_text="Take a bundle")
    await bundle.dispatch_event("drop", {"dataTransfer": await dragged(page, {"a.json": "no"})})
    await page.get_by_role("button", name="Take it").click()
    await expect(page.get_by_text("This is no bundle: it is no JSON.")).to_be_visible()


@pytest.mark.law
async def test_versions_are_chosen_to_vote_with_the_forecast_first(
    page: Page, stack: Stack
) -> None:
    await make_task(stack, "voting", cases=24)
    for word in ("one", "other"):
        text = f"Answer with topic_0, topic_1, topic_2 or topic_3, and with no {word} word."
        path = "/v1/prompts/voting/versions"
        assert (await stack.induction.post(path, json={"text": text})).is_success
    await page.goto("/dashboard/tasks/voting")
    await page.get_by_role("link", name="Let versions vote").click()
    start = page.get_by_role("button", name="Start")
    forecast = page.get_by_role("status")
    await expect(forecast).to_have_text("Choose 2 to 9 versions; chosen: 1.")
    await expect(start).to_be_disabled()
    for box in await page.get_by_role("checkbox", name="votes").all():
        await box.check()
    await expect(forecast).to_contain_text("24 approved")
    await expect(forecast).to_contain_text("Costs at most")
    await start.click()
    await expect(page.get_by_text("waits for a worker")).to_be_visible()
    (run,) = (await stack.induction.get("/v1/runs", params={"task": "voting"})).json()["items"]
    assert (run["kind"], run["status"]) == ("ensemble", "waiting")
    assert (await stack.induction.post(f"/v1/runs/{run['id']}/cancel")).is_success


@pytest.mark.law
async def test_a_task_is_made_and_changed_on_its_sheet(page: Page, stack: Stack) -> None:
    """What the lines of its labels do not show stays: other spellings, retired labels, and a
    description's own line breaks."""
    await page.goto("/dashboard/new-task")
    await page.get_by_label("Its slug").fill("by-hand")
    labels = page.get_by_role("textbox", name="One a line")
    await labels.fill("transfer:in: money comes in\n\nother")
    await page.get_by_role("button", name="Make the task").click()
    await expect(page.get_by_role("heading", name="by-hand", exact=True)).to_be_visible()
    task = "/v1/tasks/by-hand"
    made = (await stack.induction.get(task)).json()["labels"]
    assert [(one["name"], one["description"]) for one in made] == [
        ("transfer:in", "money comes in"),
        ("other", ""),
    ]
    known = [
        made[0] | {"aliases": ["incoming"], "description": "money\ncomes in"},
        made[1],
        {"name": "gone", "retired": True},
    ]
    assert (await stack.induction.patch(task, json={"labels": known})).is_success
    await page.goto("/dashboard/tasks/by-hand/settings")
    await labels.fill(await labels.input_value() + "\nmore: <b>new</b>")
    await page.get_by_label("tokens of a prompt at most").fill("900")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    await expect(page.get_by_role("link", name="Settings")).to_have_attribute(
        "aria-current", "page"
    )
    now = (await stack.induction.get(task)).json()
    assert now["max_prompt_tokens"] == 900
    by_name = {one["name"]: one for one in now["labels"]}
    assert by_name["transfer:in"] == known[0]
    assert by_name["more"]["description"] == "<b>new</b>"
    assert by_name["gone"]["retired"]
    assert list(by_name) == ["transfer:in", "other", "more", "gone"]
