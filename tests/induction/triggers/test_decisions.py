"""Every consideration is stored with its reasons, whether a run came of it or not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from induction.resources import open_resources
from induction.triggers.jobs import consider_run

from tests.fixtures.clock import stopped_clock
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import add_case, make_task, old_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.tasks.changing import changed

NO_TRAFFIC = "live F1 is unknown: no prediction of the prompt in production"


def in_cooldown(decision: dict[str, Any]) -> bool:
    return any(reason.startswith("cooldown until") for reason in decision["reasons"])


async def consider(stack: Stack, task: str) -> list[dict[str, Any]]:
    """One consideration, as the job makes it; then all decisions on the task, newest first."""
    async with open_resources(stack.settings) as resources:
        await consider_run({"resources": resources}, task)
    return await decisions(stack, task)


async def decisions(stack: Stack, task: str) -> list[dict[str, Any]]:
    answer = await stack.induction.get("/v1/admin/auto-trigger/decisions", params={"task": task})
    assert answer.status_code == 200
    return list(answer.json()["items"])


async def switch(stack: Stack, task: str, **rules: object) -> None:
    answer = await stack.induction.post("/v1/admin/auto-trigger", json={"task": task, **rules})
    assert answer.status_code == 200, answer.text


async def test_a_start_is_stored_with_its_run(stack: Stack) -> None:
    await make_task(stack, "eager", cases=8)
    await switch(stack, "eager", enabled=True, min_cases=8)
    (decision,) = await consider(stack, "eager")
    run = (await stack.induction.get(f"/v1/runs/{decision['run_id']}")).json()
    assert decision["started"]
    no_traffic, counted = decision["reasons"]
    assert no_traffic.startswith(f"{NO_TRAFFIC} since it serves, ")
    assert counted == "8 approved cases, 8 of them new"
    assert decision["summary"].startswith("started: live F1 is unknown")
    assert (decision["live_f1"], decision["causes"], decision["times"]) == (None, [], 1)
    assert (decision["cases"], decision["dataset_hash"]) == (8, run["dataset_hash"])
    assert (run["trigger_type"], run["kind"], run["status"]) == ("auto", "improve", "waiting")


async def test_a_refusal_is_stored_with_every_reason(stack: Stack) -> None:
    await make_task(stack, "reluctant", cases=4)
    await switch(stack, "reluctant", enabled=True, min_cases=4)
    await consider(stack, "reluctant")
    second, first = await consider(stack, "reluctant")
    assert (first["started"], second["started"]) == (True, False)
    assert second["run_id"] is None
    *others, cooldown = second["reasons"][:2]
    assert others == ["a run of this task is active"]
    assert cooldown.startswith("cooldown until ")
    assert cooldown.endswith(" UTC")
    assert second["reasons"][2].startswith(NO_TRAFFIC)
    assert second["reasons"][3:] == [
        "the ground truth is the same as in the last run",
        "0 new cases, 10 needed",
    ]
    assert second["summary"].startswith("not started: a run of this task is active; cooldown until")


@pytest.mark.law
async def test_decisions_alike_are_one_with_how_often(stack: Stack) -> None:
    await make_task(stack, "repeated", cases=4)
    await switch(stack, "repeated", enabled=True, min_cases=5)
    for _ in range(3):
        (decision,) = await consider(stack, "repeated")
    assert (decision["times"], decision["cases"]) == (3, 4)
    assert decision["last_decided_at"] > decision["decided_at"]
    await add_case(stack.logger, "repeated", "one more", "topic_0")
    started, refused = await consider(stack, "repeated")
    assert (started["started"], refused["times"]) == (True, 3)


@pytest.mark.law
async def test_a_cooldown_is_over_by_the_clock_that_began_it(
    databases: Databases, servers: Servers
) -> None:
    """The database's: what a worker's own clock says is another matter."""
    async with opened(databases, servers) as stack:
        await make_task(stack, "patient", cases=4)
        await switch(stack, "patient", enabled=True, min_cases=4)
        await consider(stack, "patient")
        clock = await stopped_clock(stack.induction_database, "tomorrow")
        assert in_cooldown((await consider(stack, "patient"))[0])
        later = datetime.now(UTC) + timedelta(days=2)
        await clock.move(later.isoformat())
        assert not in_cooldown((await consider(stack, "patient"))[0])


async def test_a_task_switched_off_is_refused_without_reading_its_ground_truth(
    stack: Stack,
) -> None:
    await make_task(stack, "off", cases=4)
    (decision,) = await consider(stack, "off")
    assert not decision["started"]
    assert decision["reasons"] == ["switched off"]
    assert (decision["cases"], decision["dataset_hash"]) == (None, None)


async def test_a_task_nobody_made_leaves_nothing_behind(stack: Stack) -> None:
    async with open_resources(stack.settings) as resources:
        await consider_run({"resources": resources}, "nobodys")
    everything = await stack.induction.get("/v1/admin/auto-trigger/decisions")
    assert "nobodys" not in {one["task"] for one in everything.json()["items"]}


async def test_an_archived_task_is_refused_with_its_reason(stack: Stack) -> None:
    await make_task(stack, "put-away", cases=4)
    await switch(stack, "put-away", enabled=True, min_cases=1)
    await changed(stack, "put-away", archived=True)
    (decision,) = await consider(stack, "put-away")
    assert not decision["started"]
    assert decision["reasons"] == ["the task is archived"]


async def test_truths_that_cannot_be_answered_are_a_reason_against_a_start(stack: Stack) -> None:
    await old_task(stack, "unanswered", ["topic_0", "topic_1"])
    for number in range(6):
        await add_case(stack.logger, "unanswered", f"text {number}", f"topic_{number % 3}")
    await switch(stack, "unanswered", enabled=True, min_cases=1)
    (decision,) = await consider(stack, "unanswered")
    assert not decision["started"]
    assert decision["reasons"][0].startswith("2 of 6 truths cannot be answered")


@pytest.mark.law
async def test_every_decision_is_read_page_by_page(stack: Stack) -> None:
    await make_task(stack, "often-decided", cases=4)
    for number in range(5):
        await switch(stack, "often-decided", enabled=True, min_cases=100 + number)
        await consider(stack, "often-decided")
    path, query = "/v1/admin/auto-trigger/decisions", {"task": "often-decided", "limit": 2}
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await stack.induction.get(path, params=query | cursor)).json()
        pages.append([one["reasons"][0] for one in page["items"]])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [len(one) for one in pages] == [2, 2, 1]
    every = [reason for one in pages for reason in one]
    assert every == sorted(every, reverse=True)
    assert len(set(every)) == 5
