"""What an experiment says of itself: its rates, its evidence, its end, and who did what."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from induction.resources import Resources, open_resources

from tests.fixtures.browsing import browser, shown
from tests.fixtures.stack import Stack
from tests.induction.experiments.test_experiments import begun, seen, versions
from tests.induction.experiments.traffic import logged


@pytest.fixture(scope="module")
async def worker(stack: Stack) -> AsyncIterator[Resources]:
    """What a worker has open."""
    async with open_resources(stack.settings) as resources:
        yield resources


async def page_of(stack: Stack, made: dict[str, Any]) -> str:
    async with browser(str(stack.induction.base_url)) as page:
        return await shown(page, f"tasks/{made['task']}/experiments/{made['id']}")


@pytest.mark.parametrize(
    ("b_units", "difference", "words"),
    [
        (0, None, "Under no share have units of both versions settled yet."),
        (2, 0, "The candidate succeeds as often as production so far."),
        (3, 0, "The candidate succeeds as often as production so far."),
    ],
    ids=["no other", "as many", "more"],
)
async def test_what_an_experiment_says_of_success_is_what_its_table_shows(
    stack: Stack, worker: Resources, b_units: int, difference: float | None, words: str
) -> None:
    task = f"rates-{b_units}"
    a, b = await versions(stack, task)
    made = await begun(stack, task, b, shares=[0.3])
    await logged(stack, task, a, units=4, successes=4)
    if b_units:
        await logged(stack, task, b, units=b_units, successes=b_units)
    evidence = (await seen(stack, worker, made))["evidence"]
    assert evidence["difference"] == difference
    assert words in await page_of(stack, made)


async def test_a_difference_is_compared_under_the_same_share(
    stack: Stack, worker: Resources
) -> None:
    """Late units succeed less, with both versions alike: pooled, the candidate would look worse."""
    a, b = await versions(stack, "drifting")
    made = await begun(stack, "drifting", b, shares=[0.2, 0.5])
    await logged(stack, "drifting", a, units=80, successes=80)
    await logged(stack, "drifting", b, units=20, successes=20)
    await seen(stack, worker, made)
    await logged(stack, "drifting", a, units=50, successes=25)
    await logged(stack, "drifting", b, units=50, successes=25)
    evidence = (await seen(stack, worker, made))["evidence"]
    assert ({one["share"] for one in evidence["arms"]}, evidence["difference"]) == ({0.2, 0.5}, 0)
    words = "succeeds as often as production so far, compared share by share."
    assert words in await page_of(stack, made)


async def test_a_win_whose_promotion_waits_no_more_leads_to_the_candidate(
    stack: Stack, worker: Resources
) -> None:
    task = "rejected-win"
    a, b = await versions(stack, task)
    rules = {"promotion_approvals": 1}
    assert (await stack.induction.patch(f"/v1/tasks/{task}", json=rules)).status_code == 200
    made = await begun(stack, task, b, shares=[0.5], promote=True)
    await logged(stack, task, a, units=500, successes=300)
    await logged(stack, task, b, units=500, successes=450)
    won = await seen(stack, worker, made)
    assert won["proposal_id"]
    waits, promote = "Its promotion waits there", "See the candidate and promote it"
    page = await page_of(stack, made)
    assert (waits in page, promote in page) == (True, False)
    proposal = f"/v1/prompts/{task}/proposals/{won['proposal_id']}"
    rejected = await stack.induction.post(f"{proposal}/reject", json={"reason": "not yet"})
    assert rejected.json()["status"] == "rejected", rejected.text
    page = await page_of(stack, made)
    assert (waits in page, promote in page) == (False, True)


async def test_evidence_is_told_in_peoples_words(stack: Stack, worker: Resources) -> None:
    a, b = await versions(stack, "plain-words")
    made = await begun(stack, "plain-words", b, shares=[0.5], promote=True)
    await logged(stack, "plain-words", a, units=500, successes=300)
    await logged(stack, "plain-words", b, units=500, successes=390)
    won = await seen(stack, worker, made)
    assert won["evidence"]["better"] > 1_000
    words = re.fullmatch(
        r"b succeeds more often: the evidence is ([\d,]+|more than 1,000,000) to one, where 20 to"
        r" one decide",
        won["conclusion"],
    )
    assert words, won["conclusion"]
    history = (await stack.induction.get("/v1/prompts/plain-words/history")).json()["items"]
    assert won["conclusion"] in history[0]["reason"]
    for text in (await page_of(stack, made), str(history)):
        assert not re.search(r"\de\+\d", text)


async def test_who_began_and_stopped_an_experiment_is_told_by_name(
    stack: Stack, worker: Resources
) -> None:
    a, b = await versions(stack, "by-name")
    made = await begun(stack, "by-name", b, shares=[0.5])
    assert (made["by_name"], made["ended_by_name"]) == ("bootstrap", None)
    await logged(stack, "by-name", a, units=500, successes=300)
    await logged(stack, "by-name", b, units=500, successes=450)
    won = await seen(stack, worker, made)
    assert (won["ended_by"], won["ended_by_name"]) == ("experiment", "experiment")
    path = "/v1/prompts/by-name/experiments"
    await stack.induction.post(f"{path}/{made['id']}/stop")
    (listed,) = (await stack.induction.get(path)).json()["items"]
    assert listed["stopped_by"].startswith("key:")
    assert (listed["by_name"], listed["stopped_by_name"]) == ("bootstrap", "bootstrap")


async def test_an_experiment_whose_units_have_no_time_for_an_outcome_warns_of_it(
    stack: Stack,
) -> None:
    _, b = await versions(stack, "no-time")
    short = await begun(stack, "no-time", b, shares=[0.5], outcome_within_hours=0.01)
    (note,) = short["notes"]
    assert "counts as a failure" in note
    assert note in await page_of(stack, short)
    async with browser(str(stack.induction.base_url)) as page:
        await stack.induction.post(f"/v1/prompts/no-time/experiments/{short['id']}/stop")
        order = await shown(page, f"tasks/no-time/versions/{b}/experiment")
    assert 'name="outcome_within_hours" min="0.02"' in order
    long = await begun(stack, "no-time", b, shares=[0.5], outcome_within_hours=0.02)
    assert long["notes"] == []
