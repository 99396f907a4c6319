"""Two versions on live traffic, from the first unit to the decision."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from induction.experiments.jobs import look_once
from induction.resources import Resources, open_resources

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.experiments.traffic import logged, passed

UNITS = [f"unit {number}" for number in range(40)]
PLAN = {
    "unit": "prediction",
    "step_hours": 0,
    "step_units": 50,
    "outcome_within_hours": 0,
    "lag_minutes": 0,
}


@pytest.fixture(scope="module")
async def worker(stack: Stack) -> AsyncIterator[Resources]:
    """What a worker has open."""
    async with open_resources(stack.settings) as resources:
        yield resources


async def versions(stack: Stack, task: str) -> tuple[str, str]:
    """What serves, and a candidate."""
    a = await make_task(stack, task)
    text = "Answer with topic_0, topic_1, topic_2 or topic_3, and nothing else."
    b = await stack.induction.post(f"/v1/prompts/{task}/versions", json={"text": text})
    assert b.status_code == 201, b.text
    return a, str(b.json()["id"])


async def begun(stack: Stack, task: str, b: str, **plan: Any) -> dict[str, Any]:
    body = {"version_id": b, **PLAN, **plan}
    made = await stack.induction.post(f"/v1/prompts/{task}/experiments", json=body)
    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith(made.json()["id"])
    return dict(made.json())


async def seen(stack: Stack, worker: Resources, made: dict[str, Any]) -> dict[str, Any]:
    """The experiment after a look."""
    await look_once(worker)
    answer = await stack.induction.get(f"/v1/prompts/{made['task']}/experiments/{made['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def assigned(stack: Stack, task: str, unit: str | None = None) -> tuple[str, Any]:
    """Which version a unit gets, and why."""
    params = {} if unit is None else {"unit": unit}
    answer = await stack.induction.get(f"/v1/prompts/{task}/active", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["version_id"], answer.json()["assigned"]


async def with_b(stack: Stack, task: str, b: str, *, of: int = 20) -> set[str]:
    return {unit for unit in UNITS[:of] if (await assigned(stack, task, unit))[0] == b}


@pytest.mark.law
async def test_a_share_grows_by_units_and_a_winner_serves_all_who_name_one(
    stack: Stack, worker: Resources
) -> None:
    a, b = await versions(stack, "winning")
    made = await begun(stack, "winning", b, shares=[0.2, 0.5, 1.0])
    assert (made["status"], made["share"], made["centre"]) == ("running", 0.2, 0.5)
    few = await with_b(stack, "winning", b, of=40)
    assert await assigned(stack, "winning") == (a, None)
    why = {"variant": "b", "experiment_id": made["id"], "share": 0.2}
    assert await assigned(stack, "winning", min(few)) == (b, why)
    await logged(stack, "winning", a, units=80, successes=56)
    await logged(stack, "winning", b, units=20, successes=14)
    stepped = await seen(stack, worker, made)
    assert [one["share"] for one in stepped["steps"]] == [0.2, 0.5]
    assert stepped["evidence"]["arms"] == [
        {"share": 0.2, "arm": "a", "units": 80, "ended": 80, "successes": 56},
        {"share": 0.2, "arm": "b", "units": 20, "ended": 20, "successes": 14},
    ]
    more = await with_b(stack, "winning", b, of=40)
    assert few < more < set(UNITS)
    # Nothing is counted twice, and an outcome that comes too late changes nothing.
    again = await seen(stack, worker, made)
    assert again["evidence"]["arms"] == stepped["evidence"]["arms"]
    await logged(stack, "winning", a, units=500, successes=350)
    await logged(stack, "winning", b, units=500, successes=450)
    won = await seen(stack, worker, made)
    assert (won["status"], won["share"], won["ended_by"]) == ("won", 1, "experiment")
    assert won["evidence"]["better"] >= won["evidence"]["needed"] == 20
    assert 0.1 < won["evidence"]["difference"] < 0.25
    assert await with_b(stack, "winning", b, of=40) == set(UNITS)
    # Production is where it was, until somebody moves it.
    assert await assigned(stack, "winning") == (a, None)
    promoted = await stack.induction.post(f"/v1/prompts/winning/versions/{b}/promote")
    assert promoted.status_code == 200
    assert await assigned(stack, "winning", UNITS[0]) == (
        b,
        {"variant": "production", "experiment_id": None, "share": None},
    )
    # Who rolls the candidate back wants nobody to get it.
    back = await stack.induction.post("/v1/prompts/winning/rollback", json={})
    assert back.json()["id"] == a
    assert not await with_b(stack, "winning", b)
    over = await stack.induction.get(f"/v1/prompts/winning/experiments/{made['id']}")
    assert (over.json()["status"], over.json()["share"]) == ("won", 0)
    assert over.json()["production_moved_at"] > over.json()["ended_at"]
    listed = await stack.induction.get("/v1/prompts/winning/experiments")
    assert listed.json()["items"][0]["production_moved_at"] == over.json()["production_moved_at"]
    await begun(stack, "winning", b, shares=[0.5])


async def test_a_winner_asks_to_be_promoted_where_it_may(stack: Stack, worker: Resources) -> None:
    a, b = await versions(stack, "asking")
    rules = {"promotion_approvals": 1}
    assert (await stack.induction.patch("/v1/tasks/asking", json=rules)).status_code == 200
    made = await begun(stack, "asking", b, shares=[0.5, 1.0], promote=True)
    await logged(stack, "asking", a, units=500, successes=300)
    await logged(stack, "asking", b, units=500, successes=450)
    won = await seen(stack, worker, made)
    assert (won["status"], won["share"]) == ("won", 0.5)
    proposal = await stack.induction.get(f"/v1/prompts/asking/proposals/{won['proposal_id']}")
    assert (proposal.json()["status"], proposal.json()["version_id"]) == ("waiting", b)
    assert (await assigned(stack, "asking"))[0] == a


async def test_a_winner_that_is_stopped_stays_won_and_until_then_no_other_begins(
    stack: Stack, worker: Resources
) -> None:
    a, b = await versions(stack, "won-and-stopped")
    made = await begun(stack, "won-and-stopped", b, shares=[0.5])
    await logged(stack, "won-and-stopped", a, units=500, successes=300)
    await logged(stack, "won-and-stopped", b, units=500, successes=450)
    won = await seen(stack, worker, made)
    assert (won["status"], won["share"], won["stopped_at"]) == ("won", 0.5, None)
    path = "/v1/prompts/won-and-stopped/experiments"
    second = await stack.induction.post(path, json={"version_id": b})
    assert (second.status_code, second.json()["code"]) == (409, "experiment_running")
    for reason in ("enough", "once more"):
        answer = await stack.induction.post(f"{path}/{made['id']}/stop", json={"reason": reason})
        assert answer.status_code == 200, answer.text
    stopped = answer.json()
    kept = ("status", "conclusion", "ended_at", "ended_by", "evidence")
    assert [stopped[name] for name in kept] == [won[name] for name in kept]
    assert (stopped["share"], stopped["stopped_because"]) == (0, "enough")
    assert stopped["stopped_by"] == made["by"]
    assert stopped["stopped_at"] > stopped["ended_at"]
    assert not await with_b(stack, "won-and-stopped", b)
    await begun(stack, "won-and-stopped", b, shares=[0.9])


@pytest.mark.law
async def test_a_guard_rolls_back_and_everybody_gets_production_at_once(
    stack: Stack, worker: Resources
) -> None:
    a, b = await versions(stack, "guarded")
    guards = [{"intent": "topic_1", "margin": 0.05}, {"intent": "topic_2"}]
    made = await begun(stack, "guarded", b, shares=[0.5], guards=guards)
    assert await with_b(stack, "guarded", b)
    for version, right in ((a, 180), (b, 90)):
        await logged(stack, "guarded", version, units=200, successes=right, intent="topic_1")
        await logged(stack, "guarded", version, units=2_000, successes=1_600)
    back = await seen(stack, worker, made)
    assert (back["status"], back["share"]) == ("rolled_back", 0)
    assert back["conclusion"] == "the guard of topic_1: b loses more than 0.05 there"
    assert [one["needed"] for one in back["evidence"]["guards"]] == [40, 40]
    assert not await with_b(stack, "guarded", b)
    stop = await stack.induction.post(f"/v1/prompts/guarded/experiments/{made['id']}/stop")
    assert (stop.status_code, stop.json()["code"]) == (409, "experiment_over")


async def test_a_unit_counts_once_and_without_an_outcome_as_a_failure(
    stack: Stack, worker: Resources
) -> None:
    a, b = await versions(stack, "units")
    made = await begun(
        stack, "units", b, shares=[0.5], unit="conversation", outcome_within_hours=0.5
    )
    await passed(stack, "units", hours=2)
    talk = "01890a5d-ac96-774b-bcce-b302099a8057"
    await logged(stack, "units", a, units=9, successes=9, conversation=talk, hours_ago=1)
    # Who names no unit got production without being drawn.
    await logged(stack, "units", a, units=40, successes=0, hours_ago=1)
    # Its window has not closed.
    logs = {"task": "units", "prompt": "a text", "predicted_intent": "topic_0", "confidence": 1}
    other = "01890a5d-ac96-774b-bcce-b302099a8058"
    body = {**logs, "prompt_version": b, "conversation_id": other, "message_index": 0}
    assert (await stack.logger.post("/v1/predictions", json=body)).status_code == 201
    evidence = (await seen(stack, worker, made))["evidence"]
    assert evidence["arms"] == [{"share": 0.5, "arm": "a", "units": 1, "ended": 1, "successes": 1}]


@pytest.mark.law
async def test_one_that_is_stopped_or_overtaken_gives_nobody_the_candidate(
    stack: Stack, worker: Resources
) -> None:
    a, b = await versions(stack, "stopped")
    made = await begun(stack, "stopped", b, shares=[0.9])
    path = "/v1/prompts/stopped/experiments"
    second = await stack.induction.post(path, json={"version_id": b})
    assert (second.status_code, second.json()["code"]) == (409, "experiment_running")
    stopped = await stack.induction.post(f"{path}/{made['id']}/stop", json={"reason": "enough"})
    assert (stopped.json()["status"], stopped.json()["conclusion"]) == ("stopped", "enough")
    assert not await with_b(stack, "stopped", b)
    again = await begun(stack, "stopped", b, shares=[0.9])
    assert await with_b(stack, "stopped", b)
    third = {"text": "Answer with topic_0, topic_1, topic_2 or topic_3, please.", "promote": True}
    assert (await stack.induction.post("/v1/prompts/stopped/versions", json=third)).is_success
    assert not await with_b(stack, "stopped", b)
    overtaken = await seen(stack, worker, again)
    assert overtaken["conclusion"] == "production moved to another version"
    listed = (await stack.induction.get(path)).json()["items"]
    assert [one["status"] for one in listed] == ["stopped", "stopped"]
    assert a != b


@pytest.mark.parametrize(
    "plan",
    [
        {"shares": [0.5, 0.1]},
        {"shares": [1.0]},
        {"guards": [{"intent": "topic_0"}, {"intent": "topic_0"}]},
        {"guards": [{"intent": "topic_0"}, {"intent": "topic_00"}]},
        {"version_id": None},
    ],
)
async def test_a_plan_that_cannot_be_is_refused(stack: Stack, plan: dict[str, Any]) -> None:
    task = "refusing"
    if (await stack.induction.get(f"/v1/tasks/{task}")).status_code == 404:
        await versions(stack, task)
    items = (await stack.induction.get(f"/v1/prompts/{task}/versions")).json()["items"]
    body = {"version_id": items[1]["id"]} | plan
    if plan.get("version_id", "") is None:
        body["version_id"] = items[0]["id"]
    answer = await stack.induction.post(f"/v1/prompts/{task}/experiments", json=body)
    assert answer.status_code == 422
