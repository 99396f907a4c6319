"""The sheet of a run in a real browser: what a field takes stands beside it, and nothing that the
browser knows is wrong is sent; a run gets its version, models, guards and pins from there."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.test_induction_pages import page
from tests.fixtures.chromium import needs_browser
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import start

__all__ = ["page"]
pytestmark = needs_browser
TEXT = "Answer with topic_0, topic_1, topic_2 or topic_3, and nothing else."


@pytest.mark.law
async def test_a_number_that_no_run_takes_is_named_at_its_field_and_never_sent(
    page: Page, stack: Stack
) -> None:
    await make_task(stack, "refused-by-hand", cases=12)
    await page.goto("/dashboard/tasks/refused-by-hand/improve")
    forecast, start = page.get_by_role("status"), page.get_by_role("button", name="Start")
    await expect(forecast).to_contain_text("12 approved")
    calls = page.get_by_label("Calls")
    await calls.fill("0")
    words = "Calls: a whole number from 1 to 1,000,000"
    await expect(page.get_by_text(words)).to_be_visible()
    await expect(calls).to_have_attribute("aria-invalid", "true")
    await expect(start).to_be_disabled()
    await calls.fill("2.5")
    await expect(page.get_by_text(words)).to_be_visible()
    await calls.fill("300")
    await expect(page.get_by_text(words)).to_have_count(0)
    await expect(start).to_be_enabled()
    await page.get_by_text("More: models").click()
    await page.get_by_role("textbox", name="Answers").fill("two words")
    await expect(page.get_by_text("Answers: a name without blanks")).to_be_visible()
    await page.get_by_role("textbox", name="Answers").fill("")
    await expect(start).to_be_enabled()


@pytest.mark.law
async def test_the_forecast_comes_first_with_the_smaller_bound(page: Page, stack: Stack) -> None:
    await make_task(stack, "told-first", cases=12)
    await page.set_viewport_size({"width": 1280, "height": 900})
    sheet = "/dashboard/tasks/told-first/improve"
    await page.goto(sheet)
    forecast = page.get_by_role("status")
    await expect(forecast).to_contain_text("12 approved")
    await page.get_by_label("Calls").fill("7")
    await expect(forecast).to_contain_text("Costs at most7 calls")
    await expect(forecast).to_contain_text("It may end early: it could take up to")
    await expect(forecast).not_to_contain_text("A limit may end it")
    box, version = await forecast.bounding_box(), await page.get_by_label("Version").bounding_box()
    assert box is not None
    assert version is not None
    assert box["y"] + box["height"] < version["y"] < 900


@pytest.mark.law
async def test_a_start_beside_a_run_that_goes_on_leads_to_that_run(
    chromium: Browser, stack: Stack
) -> None:
    await make_task(stack, "told-late", cases=12)
    sheet = "/dashboard/tasks/told-late/improve"
    page = await chromium.new_page(base_url=str(stack.induction.base_url))
    await page.goto(sheet)
    await page.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("status")).to_contain_text("12 approved")
    run = await start(stack, "told-late")
    await page.get_by_role("button", name="Start").click()
    link = page.get_by_role("alert").get_by_role("link", name="Watch it")
    await expect(link).to_have_attribute("href", f"/dashboard/runs/{run}")
    await page.goto(sheet)
    await expect(page.get_by_text("A run of this task goes on")).to_be_visible()
    await page.close()
    await stack.induction.post(f"/v1/runs/{run}/cancel")


@pytest.mark.law
async def test_a_run_is_ordered_from_a_version_with_its_models_guards_and_pins(
    page: Page, stack: Stack
) -> None:
    await make_task(stack, "chosen-by-hand", cases=12)
    blocks = [
        {"name": "labels", "text": TEXT},
        {"name": "manners", "text": "Be kind.", "protected": True},
    ]
    path = "/v1/prompts/chosen-by-hand/versions"
    made = await stack.induction.post(path, json={"content": {"instructions": blocks}})
    version = made.json()["id"]
    await page.goto(f"/dashboard/tasks/chosen-by-hand/versions/{version}")
    await page.get_by_role("link", name="Improve from here").click()
    await expect(page.get_by_label("Version")).to_have_value(version)
    await page.get_by_text("More: models").click()
    await page.get_by_label("Proposes").fill("claude-opus-4-8")
    await expect(page.get_by_label("manners, which is protected")).to_be_disabled()
    await page.get_by_label("labels", exact=True).check()
    await page.get_by_label("may take away").check()
    await page.get_by_label("What").select_option("topic_1")
    await page.get_by_role("button", name="Guard another").click()
    await page.get_by_label("What").nth(1).select_option("topic_2")
    await page.get_by_label("May fall by").nth(1).fill("0.1")
    await page.get_by_role("button", name="Start").click()
    await expect(page.get_by_text("waits for a worker")).to_be_visible()
    (run,) = (await stack.induction.get("/v1/runs?task=chosen-by-hand")).json()["items"]
    assert run["baseline_version_id"] == version
    assert run["proposer_model"] == "claude-opus-4-8"
    assert (run["guards"], run["pins"]) == ({"topic_1": 0.02, "topic_2": 0.1}, ["labels"])
    assert (await stack.induction.post(f"/v1/runs/{run['id']}/cancel")).is_success


async def test_a_vote_of_a_task_without_versions_leads_to_bringing_a_prompt_in(
    page: Page, stack: Stack
) -> None:
    task = {"slug": "votes-not", "kind": "intent", "labels": [{"name": "a"}, {"name": "b"}]}
    assert (await stack.induction.post("/v1/tasks", json=task)).is_success
    await page.goto("/dashboard/tasks/votes-not/vote")
    await page.get_by_role("link", name="Bring the prompt in that serves today").click()
    await expect(page.get_by_role("button", name="Bring it in")).to_be_visible()


async def test_a_new_task_says_at_each_field_what_the_server_said(
    chromium: Browser, stack: Stack
) -> None:
    page = await chromium.new_page(base_url=str(stack.induction.base_url))
    await page.goto("/dashboard/new-task")
    await page.get_by_label("API key").fill(BOOTSTRAP_KEY)
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_label("Its slug").fill("said-there")
    labels, make = page.get_by_label("One a line"), page.get_by_role("button", name="Make the task")
    await labels.fill("a\nb\na")
    await make.click()
    twice = page.get_by_text("labels: each name and each alias once")
    await expect(twice).to_be_visible()
    await labels.fill("a\nb")
    await page.get_by_label("answers", exact=True).fill("nosuch/model")
    await make.click()
    await expect(page.get_by_text("names a provider that is not configured")).to_be_visible()
    await expect(twice).to_have_count(0)
    await page.get_by_label("What its answers are").select_option("extraction")
    await expect(labels).to_be_hidden()
    await page.close()
