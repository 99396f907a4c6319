"""Changes that wait for a person before they are kept."""

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.approving import (
    TWO,
    asked_about,
    decide,
    decided,
    of_type,
    time_passes,
)
from tests.induction.runs.driving import (
    answered,
    asked_in_vain,
    events,
    reached,
    sql,
    start,
)
from tests.induction.runs.test_starting import door
from tests.induction.runs.test_verifying import verified
from tests.induction.test_keys_by_command import run as by_command


@pytest.mark.law
async def test_a_change_waits_and_is_kept_where_somebody_approves(stack: Stack) -> None:
    await make_task(stack, "asking", cases=24)
    run = await start(stack, "asking", **TWO)
    async with stack.working():
        waiting = await asked_about(stack, run)
        calls = await answered(stack)
        n = waiting["awaits"]
        (change,) = [one for one in waiting["changes"] if one["n"] == n]
        assert change["approval"]["decision"] is None
        until = change["approval"]["until"].replace("T", " ")[:19]
        assert waiting["reason"] == f"waits for approval of change {n} until {until} UTC"
        assert (change["outcome"], change["validation_f1"] is None) == ("open", False)
        (row,) = await sql(stack, "SELECT lease_until FROM runs WHERE id = $1", run)
        assert row["lease_until"] is None
        _, printed, _ = await by_command(stack, "runs", "show", run, *door(stack))
        words = " ".join(printed.split())
        assert f"change {n} waits for approval until {until} UTC; unanswered it is" in words
        against = f"{change['validation_f1']:.3f} against {waiting['baseline_f1']:.3f}"
        effect = f"fixed {change['fixed']}, broke {change['broke']}"
        assert f"validation F1 {against} of the best before; {effect}" in words
        assert " ".join(change["rationale"].split()) in words
        versions = f"--version {change['version_id']} --against {waiting['baseline_version_id']}"
        assert f"induction prompts diff --task asking {versions}" in words
        assert f"induction runs approve {run} {n} induction runs veto {run} {n} --reason" in words
        assert await answered(stack) == calls
        seen = await decided(stack, run, "approve")
    assert seen["status"] == "completed"
    (kept,) = [one for one in seen["changes"] if one["n"] == n]
    assert kept["outcome"] == "kept"
    assert kept["approval"]["decision"] == "approved"
    assert kept["approval"]["decided_by"]
    history = await events(stack, run)
    (first, *_) = of_type(history, "approval_awaited")
    assert (first["minutes"], first["unanswered"]) == (1440, "veto")
    place = history.index(first)
    assert [one["type"] for one in history[place : place + 3]] == [
        "approval_awaited",
        "approval_decided",
        "change_kept",
    ]
    assert await asked_in_vain(stack) == 0


@pytest.mark.law
@pytest.mark.long
async def test_but_for_the_asking_an_approved_run_is_the_run_that_asks_nobody(
    databases: Databases, servers: Servers
) -> None:
    """In two databases that share nothing."""
    histories = []
    for approval in ("off", "each-change"):
        async with opened(databases, servers) as stack:
            await make_task(stack, "alike", cases=24)
            run = await start(stack, "alike", limits={"iterations": 2}, approval=approval)
            async with stack.working():
                await decided(stack, run, "approve")
            histories.append(await events(stack, run))
    alone, asking = histories
    waits = ("approval_awaited", "approval_decided")
    assert [one for one in asking if one["type"] not in waits] == alone
    assert len(of_type(asking, "approval_awaited")) == len(of_type(alone, "change_kept")) > 0


@pytest.mark.law
@pytest.mark.long
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
    failed = (await stack.induction.get("/v1/prompts/refusing/ideas")).json()["items"]
    (idea,) = [one for one in failed if one["version_id"] == vetoed["version_id"]]
    assert (idea["stage"], idea["reason"], idea["is_settled"]) == ("approval", reason, True)


@pytest.mark.law
@pytest.mark.long
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


@pytest.mark.law
@pytest.mark.long
@pytest.mark.parametrize(
    ("unanswered", "outcome", "decision"),
    [
        ("keep", "kept", "approved"),
        pytest.param(
            "veto", "rejected_at_approval", "vetoed", marks=[pytest.mark.law, pytest.mark.long]
        ),
    ],
)
async def test_what_nobody_answers_in_time_is_decided_as_was_said(
    stack: Stack, unanswered: str, outcome: str, decision: str
) -> None:
    task = f"silent-{unanswered}"
    await make_task(stack, task, cases=24)
    run = await start(
        stack,
        task,
        limits={"iterations": 1},
        approval="each-change",
        approval_minutes=30,
        unanswered=unanswered,
    )
    async with stack.working():
        n = (await asked_about(stack, run))["awaits"]
        await time_passes(stack, run)
        assert (await decide(stack, run, n, "approve")).status_code == 409
        seen = await reached(stack, run, "completed")
    (change,) = [one for one in seen["changes"] if one["n"] == n]
    assert change["outcome"] == outcome
    assert (change["approval"]["decision"], change["approval"]["decided_by"]) == (decision, None)
    assert not [one for one in seen["taken_hints"] if "vetoed" in one["hint"]]
    ideas = (await stack.induction.get(f"/v1/prompts/{task}/ideas")).json()["items"]
    assert change["version_id"] not in [one["version_id"] for one in ideas]


@pytest.mark.law
async def test_a_worker_lost_while_a_change_waits_takes_nothing_with_it(stack: Stack) -> None:
    """Once before it has let the run go, and once after; then nobody works while it is decided."""
    await make_task(stack, "orphaned", cases=24)
    run = await start(stack, "orphaned", **TWO)
    async with stack.working():
        n = (await asked_about(stack, run))["awaits"]
    before = await events(stack, run)
    calls = await answered(stack)
    # It has recorded that it asks, and died before it let the run go.
    await sql(
        stack,
        "UPDATE runs SET status = 'running', not_before = NULL, idle_since = NULL,"
        " lease_until = now() - interval '1 second' WHERE id = $1",
        run,
    )
    async with stack.working():
        assert (await asked_about(stack, run))["awaits"] == n
        assert await events(stack, run) == before
        assert await answered(stack) == calls
    assert (await decide(stack, run, n, "approve")).json()["status"] == "waiting"
    async with stack.working():
        await decided(stack, run, "approve")
        assert (await verified(stack, run))["outcome"] == "same"
    assert (await events(stack, run))[: len(before)] == before
    assert await asked_in_vain(stack) == 0


@pytest.mark.law
@pytest.mark.long
async def test_an_answer_that_comes_before_the_run_was_let_go_is_heard(stack: Stack) -> None:
    await make_task(stack, "quick", cases=24)
    run = await start(stack, "quick", limits={"iterations": 1}, approval="each-change")
    async with stack.working():
        n = (await asked_about(stack, run))["awaits"]
    await sql(
        stack,
        "UPDATE runs SET status = 'running', not_before = NULL,"
        " lease_until = now() - interval '1 second' WHERE id = $1",
        run,
    )
    assert (await decide(stack, run, n, "approve")).json()["status"] == "running"
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert [one["outcome"] for one in seen["changes"] if one["n"] == n] == ["kept"]


@pytest.mark.law
@pytest.mark.long
async def test_time_spent_waiting_for_a_person_is_not_time_used(stack: Stack) -> None:
    await make_task(stack, "slow-reader", cases=24)
    run = await start(
        stack,
        "slow-reader",
        limits={"iterations": 1, "minutes": 10},
        approval="each-change",
    )
    async with stack.working():
        n = (await asked_about(stack, run))["awaits"]
        await sql(
            stack,
            "UPDATE runs SET started_at = started_at - interval '1 hour',"
            " idle_since = idle_since - interval '1 hour' WHERE id = $1",
            run,
        )
        await decide(stack, run, n, "approve")
        seen = await reached(stack, run, "completed")
    assert not seen["reason"].startswith("minutes")
    assert [one["outcome"] for one in seen["changes"] if one["n"] == n] == ["kept"]


@pytest.mark.law
@pytest.mark.long
async def test_a_run_that_waits_can_be_paused_and_resumed_and_cancelled(stack: Stack) -> None:
    await make_task(stack, "restless", cases=24)
    run = await start(stack, "restless", **TWO)
    path = f"/v1/runs/{run}"
    async with stack.working():
        n = (await asked_about(stack, run))["awaits"]
        paused = (await stack.induction.post(f"{path}/pause")).json()
        assert (paused["status"], paused["awaits"]) == ("paused", n)
        await stack.induction.post(f"{path}/resume")
        assert (await asked_about(stack, run))["awaits"] == n
        await stack.induction.post(f"{path}/cancel")
        seen = await reached(stack, run)
        assert (seen["status"], seen["awaits"]) == ("cancelled", None)
        assert (await verified(stack, run))["outcome"] == "same"
    assert seen["best_version_id"] in (None, seen["baseline_version_id"])
