"""Changes that wait for a person before they are kept."""

from typing import Any

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import (
    answered,
    asked_in_vain,
    events,
    reached,
    sql,
    start,
)

RESTING = "awaiting_approval"
TIME_PASSES = (
    "UPDATE run_approvals SET until = now() - interval '1 second' WHERE run_id = $1",
    "UPDATE runs SET not_before = now() - interval '1 second' WHERE id = $1",
)
"""The end of the wait, as the database's clock has it."""
TWO = {"limits": {"iterations": 2}, "approval": "each-change"}


async def asked_about(stack: Stack, run: str) -> dict[str, Any]:
    """The run, once it rests, and the change it waits for."""
    seen = await reached(stack, run, RESTING, "completed", "failed")
    assert seen["status"] == RESTING, seen["reason"]
    return seen


async def decide(stack: Stack, run: str, n: int, verb: str, **body: str) -> Any:
    return await stack.induction.post(f"/v1/runs/{run}/changes/{n}/{verb}", json=body)


async def decided(stack: Stack, run: str, verb: str, **body: str) -> dict[str, Any]:
    """Every change is decided so until the run is over."""
    while True:
        seen = await reached(stack, run, RESTING, "completed", "failed")
        if seen["status"] != RESTING:
            return seen
        answer = await decide(stack, run, seen["awaits"], verb, **body)
        assert answer.status_code == 200, answer.text


async def time_passes(stack: Stack, run: str) -> None:
    for statement in TIME_PASSES:
        await sql(stack, statement, run)


def of_type(told: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in told if one["type"] == kind]


async def test_a_change_waits_and_is_kept_where_somebody_approves(stack: Stack) -> None:
    await make_task(stack, "asking", cases=24)
    run = await start(stack, "asking", **TWO)
    async with stack.working():
        waiting = await asked_about(stack, run)
        calls = await answered(stack)
        n = waiting["awaits"]
        (change,) = [one for one in waiting["changes"] if one["n"] == n]
        assert change["approval"]["decision"] is None
        until = change["approval"]["until"].replace("T", " ")[:16]
        assert waiting["reason"] == f"waits for approval of change {n} until {until} UTC"
        assert (change["outcome"], change["validation_f1"] is None) == ("open", False)
        (row,) = await sql(stack, "SELECT lease_until FROM runs WHERE id = $1", run)
        assert row["lease_until"] is None
        assert await answered(stack) == calls
        seen = await decided(stack, run, "approve")
    assert seen["status"] == "completed"
    (kept,) = [one for one in seen["changes"] if one["n"] == n]
    assert kept["outcome"] == "kept"
    assert kept["approval"]["decision"] == "approved"
    assert kept["approval"]["decided_by"]
    told = await events(stack, run)
    (first, *_) = of_type(told, "approval_awaited")
    assert (first["minutes"], first["unanswered"]) == (1440, "veto")
    place = told.index(first)
    assert [one["type"] for one in told[place : place + 3]] == [
        "approval_awaited",
        "approval_decided",
        "change_kept",
    ]
    assert await asked_in_vain(stack) == 0


async def test_but_for_the_asking_an_approved_run_is_the_run_that_asks_nobody(
    databases: Databases, servers: Servers
) -> None:
    """In two databases that share nothing."""
    told = []
    for approval in ("off", "each-change"):
        async with opened(databases, servers) as stack:
            await make_task(stack, "alike", cases=24)
            run = await start(stack, "alike", limits={"iterations": 2}, approval=approval)
            async with stack.working():
                await decided(stack, run, "approve")
            told.append(await events(stack, run))
    alone, asking = told
    waits = ("approval_awaited", "approval_decided")
    assert [one for one in asking if one["type"] not in waits] == alone
    assert len(of_type(asking, "approval_awaited")) == len(of_type(alone, "change_kept")) > 0


async def test_a_veto_is_heard_by_the_next_proposal_and_remembered_by_the_next_run(
    stack: Stack,
) -> None:
    await make_task(stack, "refusing", cases=24)
    run = await start(stack, "refusing", **TWO)
    reason = "It shows too much."
    async with stack.working():
        waiting = await asked_about(stack, run)
        n = waiting["awaits"]
        answer = await decide(stack, run, n, "veto", reason=reason)
        assert answer.status_code == 200
        seen = await decided(stack, run, "approve")
    (vetoed,) = [one for one in seen["changes"] if one["n"] == n]
    assert (vetoed["outcome"], vetoed["reason"]) == ("rejected_at_approval", reason)
    assert vetoed["approval"]["reason"] == reason
    assert seen["best_version_id"] != vetoed["version_id"]
    hint = f"A change was vetoed: {reason}"
    assert hint in [one["hint"] for one in seen["taken_hints"]]
    failed = (await stack.induction.get("/v1/prompts/refusing/failed")).json()["items"]
    (idea,) = [one for one in failed if one["version_id"] == vetoed["version_id"]]
    assert (idea["stage"], idea["reason"], idea["is_settled"]) == ("approval", reason, True)


async def test_nobody_may_decide_what_does_not_wait(stack: Stack) -> None:
    await make_task(stack, "unasked", cases=24)
    run = await start(stack, "unasked", **TWO)
    assert (await decide(stack, run, 1, "approve")).json()["code"] == "change_not_awaited"
    async with stack.working():
        n = (await asked_about(stack, run))["awaits"]
        for other in (n + 1, n + 2):
            answer = await decide(stack, run, other, "approve")
            assert (answer.status_code, answer.json()["code"]) == (409, "change_not_awaited")
        assert (await decide(stack, run, n, "veto")).status_code == 422
        assert (await decide(stack, run, n, "approve")).status_code == 200
        assert (await decide(stack, run, n, "veto", reason="late")).status_code == 409
        await decided(stack, run, "approve")
    answer = await decide(stack, run, n, "approve")
    assert (answer.status_code, answer.json()["code"]) == (409, "run_over")
