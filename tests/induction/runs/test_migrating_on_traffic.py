"""A migration of a task that nobody has labelled: the old model's answers to logged texts are its
truths, and nothing of the texts is kept."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.fixtures.browsing import browser
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.stack import Stack, until
from tests.induction.runs.driving import events, reached, sql, start
from tests.induction.runs.test_starting import door
from tests.induction.runs.test_verifying import verified
from tests.induction.test_keys_by_command import run as by_command

pytestmark = pytest.mark.law
OLD, NEW = "claude-haiku-5-5", "claude-sonnet-5-5"
TASK = "unlabelled"
ORDER: dict[str, Any] = {"kind": "migrate", "to_models": [NEW], "agreement": True}
LOGGED = 40


async def log(stack: Stack, task: str, count: int, **more: Any) -> None:
    rows = [
        {"task": task, "prompt": text, "predicted_intent": "topic_1", "confidence": 0.9, **more}
        for text, _ in texts(count, seed=11)
    ]
    stored = await stack.logger.post("/v1/predictions:batch", json=rows)
    assert stored.status_code == 207, stored.text


async def asked_for(stack: Stack, task: str, **order: Any) -> httpx2.Response:
    return await stack.induction.post("/v1/runs", json={"task": task, **ORDER, **order})


@dataclass(frozen=True)
class Migrated:
    """What was answered before there was traffic, the forecast, and the run."""

    refused: httpx2.Response
    forecast: dict[str, Any]
    run: dict[str, Any]


@pytest.fixture(scope="module")
async def migrated(stack: Stack) -> Migrated:
    await make_task(stack, TASK)
    refused = await asked_for(stack, TASK)
    await log(stack, TASK, LOGGED)
    forecast = (await asked_for(stack, TASK, dry_run=True)).json()
    async with stack.working():
        run = await reached(stack, await start(stack, TASK, **ORDER))
    return Migrated(refused, forecast, run)


async def test_without_any_label_models_are_compared_on_what_was_logged(
    migrated: Migrated,
) -> None:
    assert (migrated.refused.status_code, migrated.refused.json()["code"]) == (
        422,
        "no_ground_truth",
    )
    forecast, run = migrated.forecast, migrated.run
    assert (forecast["predictions"], forecast["calls"]) == (LOGGED, 3 * LOGGED)
    assert any("no approved case" in note for note in forecast["notes"])
    assert (run["status"], run["reason"], run["predictions"]) == ("completed", "compared", LOGGED)
    assert any("no approved case" in note for note in run["notes"])
    (one,) = run["migration"]["comparisons"]
    assert (one["tested_on"], one["measure"], one["cases"]) == ("traffic", "agreement", LOGGED)
    assert (one["kind"], one["gain"], one["label_first"]) == ("needs_labels", 0.0, [])
    assert f"about {one['labels_needed']} more logged predictions would tell" in one["summary"]
    assert "agreement with the old model" in one["summary"]
    assert [figure["model"] for figure in run["migration"]["figures"]] == [OLD, NEW]
    assert all(figure["usd_per_1000"] > 0 for figure in run["migration"]["figures"])


async def test_its_report_and_its_page_say_that_these_are_predictions(
    stack: Stack, migrated: Migrated
) -> None:
    run = migrated.run["id"]
    report = await stack.induction.get(f"/v1/runs/{run}/report", params={"format": "md"})
    assert f"agreement with the old model on {LOGGED} logged predictions" in report.text
    assert "needs more predictions" in report.text
    async with browser(str(stack.induction.base_url)) as page:
        shown = await page.get(f"/dashboard/runs/{run}")
    assert f"agreement on {LOGGED} logged predictions" in shown.text


async def test_nothing_of_the_logged_texts_is_kept(stack: Stack, migrated: Migrated) -> None:
    run = migrated.run["id"]
    answers = await sql(stack, "SELECT text, outcome FROM llm_calls WHERE run_id = $1", run)
    assert {(one["text"], one["outcome"]) for one in answers} == {(None, "forgotten")}
    (row,) = await sql(stack, "SELECT runs::text AS stored FROM runs WHERE id = $1", run)
    stored = row["stored"] + str(await events(stack, run))
    assert not any(text in stored for text, _ in texts(LOGGED, seed=11))
    again = await stack.induction.post(f"/v1/runs/{run}/continue")
    assert again.status_code == 409


async def test_it_goes_on_as_it_was_after_a_worker_is_gone(
    stack: Stack, migrated: Migrated
) -> None:
    run = await start(stack, TASK, **ORDER)
    async with stack.working(concurrency=1):

        async def has_begun() -> bool:
            return bool(await sql(stack, "SELECT FROM llm_calls WHERE run_id = $1", run))

        await until(has_begun)
    async with stack.working(nlu_logger_url="http://127.0.0.1:9"):
        parked = await reached(stack, run, "parked", "completed")
    if parked["status"] == "parked":
        await stack.induction.post(f"/v1/runs/{run}/resume")
    async with stack.working():
        seen = await reached(stack, run)
        checked = await verified(stack, run)
    assert (seen["status"], seen["reason"]) == ("completed", "compared")
    assert checked["outcome"] == "unchecked", "its answers are gone"
    first, again = (
        {**one["migration"]["comparisons"][0], "summary": "", "labels_needed": None}
        for one in (migrated.run, seen)
    )
    assert (again.pop("look"), first.pop("look")) == (2, 1)
    assert again.pop("alpha") == first.pop("alpha") / 2
    assert {**again, "interval": None} == {**first, "interval": None}


async def test_it_ends_where_a_prediction_of_it_is_erased(stack: Stack) -> None:
    await make_task(stack, "erased-unlabelled")
    person = "01890a5d-ac96-774b-bcce-b302099a8058"
    await log(stack, "erased-unlabelled", 3, user_id=person)
    run = await start(stack, "erased-unlabelled", **ORDER)
    assert (await stack.logger.delete(f"/v1/users/{person}")).status_code == 200
    async with stack.working(forget_seconds=0.2):
        ended = await reached(stack, run)
    assert (ended["status"], ended["spend"]["calls"]) == ("cancelled", 0)


async def test_few_approved_cases_are_stood_in_for_unless_there_are_fewer_predictions(
    stack: Stack,
) -> None:
    await make_task(stack, "hardly-labelled", cases=40)
    await log(stack, "hardly-labelled", 6)
    own = (await asked_for(stack, "hardly-labelled", dry_run=True)).json()
    assert (own["predictions"], own["calls"]) == (None, 3 * own["splits"]["validation"])
    ordered = (await asked_for(stack, "hardly-labelled", predictions=5, dry_run=True)).json()
    assert (ordered["predictions"], ordered["calls"]) == (5, 15)
    await log(stack, "hardly-labelled", 30)
    forecast = (await asked_for(stack, "hardly-labelled", dry_run=True)).json()
    assert forecast["predictions"] == 36
    assert any("8 of 40 approved cases" in note for note in forecast["notes"])
    searched = (await asked_for(stack, "hardly-labelled", optimise=True, dry_run=True)).json()
    assert searched["predictions"] is None
    labelled = (await asked_for(stack, "hardly-labelled", agreement=False, dry_run=True)).json()
    assert labelled["predictions"] is None


@pytest.mark.usefixtures("migrated")
async def test_only_agreement_can_be_measured_on_predictions(stack: Stack) -> None:
    refused = await asked_for(stack, TASK, agreement=False, predictions=5)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    refused = await asked_for(stack, TASK, agreement=False)
    assert (refused.status_code, refused.json()["code"]) == (422, "no_ground_truth")


@pytest.mark.usefixtures("migrated")
async def test_the_command_orders_so_many_predictions(stack: Stack) -> None:
    typed = [*door(stack), "--task", TASK, "--kind", "migrate", "--to", NEW, "--agreement"]
    code, printed, complained = await by_command(
        stack, "run", *typed, "--predictions", "10", "--dry-run"
    )
    assert (code, complained) == (0, "")
    assert printed.splitlines()[0] == "10 logged predictions"
    assert "as ordered" in " ".join(printed.split())
