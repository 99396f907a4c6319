"""A finished run is executed again from its ledger, and every event compared."""

import json
from typing import Any

import pytest
from offline_model.settings import OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import answered, events, reached, shown, sql, start
from tests.induction.runs.test_starting import door
from tests.induction.test_keys_by_command import run as by_command

SLOW = OfflineSettings(latency_ms=20)


async def verified(stack: Stack, run: str) -> dict[str, Any]:
    """The outcome, once a worker has come to it."""
    answer = await stack.induction.post(f"/v1/runs/{run}/verify")
    assert answer.status_code == 202, answer.text
    place = answer.headers["Location"]

    async def done() -> dict[str, Any] | None:
        seen = dict((await stack.induction.get(place)).json())
        return seen if seen["completed_at"] else None

    return dict(await until(done))


async def verify_by_command(stack: Stack, run: str, *more: str) -> tuple[int | None, str, str]:
    return await by_command(stack, "runs", "verify", run, *more, *door(stack))


async def finished(stack: Stack, task: str, **order: object) -> str:
    """A run that is over, with a worker that stays only as long."""
    await make_task(stack, task, cases=24)
    run = await start(stack, task, **order)
    async with stack.working():
        await reached(stack, run)
    return run


@pytest.mark.law
async def test_a_run_is_verified_without_a_call_to_a_model(stack: Stack) -> None:
    run = await finished(stack, "checked", limits={"iterations": 2}, hints=["look at the verbs"])
    calls, before = await answered(stack), await shown(stack, run)
    history = await events(stack, run)
    async with stack.working():
        seen = await verified(stack, run)
        code, printed, complained = await verify_by_command(stack, run)
    assert (seen["outcome"], seen["events"], seen["difference"]) == ("same", len(history), None)
    assert (code, complained) == (0, "")
    assert printed == f"same: {len(history)} events are the same."
    assert await answered(stack) == calls
    assert await shown(stack, run) == before
    assert await events(stack, run) == history


@pytest.mark.law
@pytest.mark.long
async def test_a_stored_event_that_was_changed_is_the_first_difference(stack: Stack) -> None:
    """The one that was changed is named, wherever it stands, and both sides are shown."""
    run = await finished(stack, "forged", limits={"iterations": 1})
    history = await events(stack, run)
    async with stack.working():
        for n in (1, len(history) // 2, len(history)):
            body = history[n - 1]
            forged = json.dumps(body | {"forged": True})
            await _store(stack, run, n, forged)
            seen = await verified(stack, run)
            assert (seen["outcome"], seen["events"]) == ("different", n - 1), seen
            assert seen["difference"] == {
                "n": n,
                "recorded": json.loads(forged),
                "replayed": body,
            }
            await _store(stack, run, n, json.dumps(body))
        assert (await verified(stack, run))["outcome"] == "same"


@pytest.mark.law
async def test_a_changed_score_makes_the_command_exit_with_1_and_show_both_sides(
    stack: Stack,
) -> None:
    run = await finished(stack, "raised", kind="evaluate")
    history = await events(stack, run)
    n = next(n for n, one in enumerate(history, 1) if one["type"] == "prompt_evaluated")
    await _store(stack, run, n, json.dumps(history[n - 1] | {"objective": 0.999}))
    async with stack.working():
        code, printed, _ = await verify_by_command(stack, run)
        _, as_json, _ = await verify_by_command(stack, run, "--json")
    assert code == 1
    first, *sides = printed.splitlines()
    assert first == f"different: {n - 1} events are the same, event {n} is not."
    assert [one.strip() for one in sides] == [
        "recorded objective: 0.999",
        f"replayed objective: {history[n - 1]['objective']}",
    ]
    assert json.loads(as_json)["difference"]["n"] == n


@pytest.mark.law
async def test_an_event_that_is_gone_or_was_added_is_a_difference(stack: Stack) -> None:
    run = await finished(stack, "torn", kind="evaluate")
    history = await events(stack, run)
    last = len(history)
    async with stack.working():
        await sql(stack, "DELETE FROM run_events WHERE run_id = $1 AND n = $2", run, last)
        gone = await verified(stack, run)
        await sql(
            stack, "INSERT INTO run_events VALUES ($1, $2, $3)", run, last, json.dumps(history[-1])
        )
        await sql(
            stack,
            "INSERT INTO run_events VALUES ($1, $2, $3)",
            run,
            last + 1,
            json.dumps(history[-1]),
        )
        await sql(stack, "UPDATE runs SET last_event = last_event + 1 WHERE id = $1", run)
        added = await verified(stack, run)
    assert gone["difference"] == {"n": last, "recorded": None, "replayed": history[-1]}
    assert added["difference"] == {"n": last + 1, "recorded": history[-1], "replayed": None}
    assert added["reason"] == "The engine ends before the run did."


@pytest.mark.law
async def test_an_answer_that_was_changed_or_lost_is_a_difference(stack: Stack) -> None:
    run = await finished(stack, "bent", kind="evaluate")
    async with stack.working():
        await sql(
            stack,
            "UPDATE llm_calls SET text = 'no answer' WHERE run_id = $1 AND purpose = 'task'",
            run,
        )
        bent = await verified(stack, run)
        await sql(stack, "DELETE FROM llm_calls WHERE run_id = $1", run)
        lost = await verified(stack, run)
    assert bent["outcome"] == lost["outcome"] == "different"
    assert bent["difference"]["replayed"]["objective"] < bent["difference"]["recorded"]["objective"]
    assert "asks what its ledger does not hold: a call of claude-haiku-5-5 (task" in lost["reason"]


async def test_a_row_that_says_another_score_than_its_events_is_a_difference(stack: Stack) -> None:
    run = await finished(stack, "gilded", kind="evaluate")
    await sql(stack, "UPDATE runs SET final_f1 = 0.999 WHERE id = $1", run)
    async with stack.working():
        seen = await verified(stack, run)
    assert (seen["outcome"], seen["difference"]["recorded"]) == ("different", {"final_f1": 0.999})


async def test_an_event_behind_the_last_is_a_difference(stack: Stack) -> None:
    run = await finished(stack, "longer", kind="evaluate")
    await sql(
        stack,
        """
        INSERT INTO run_events (run_id, n, body)
        SELECT run_id, n + 1, body FROM run_events WHERE run_id = $1 ORDER BY n DESC LIMIT 1
        """,
        run,
    )
    async with stack.working():
        seen = await verified(stack, run)
    assert seen["outcome"] == "different"
    assert seen["difference"]["recorded"]["type"] == "run_finished"
    assert seen["difference"]["replayed"] is None


@pytest.mark.law
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE runs SET engine_version = 'older' WHERE id = $1", "engine version older"),
        ("UPDATE runs SET scorer = 'older/1' WHERE id = $1", "scorer has changed"),
        (
            "UPDATE llm_calls SET text = NULL, outcome = 'forgotten' WHERE run_id = $1",
            "were erased",
        ),
        ("UPDATE llm_calls SET text = NULL WHERE run_id = $1", "no longer kept"),
    ],
)
async def test_what_cannot_be_checked_says_why_and_exits_with_2(
    stack: Stack, change: str, reason: str
) -> None:
    run = await finished(stack, f"lost-{reason.split()[0]}", kind="evaluate")
    await sql(stack, change, run)
    async with stack.working():
        seen = await verified(stack, run)
        code, printed, _ = await verify_by_command(stack, run)
    assert (seen["outcome"], code) == ("unchecked", 2)
    assert reason in seen["reason"]
    assert printed == f"unchecked: {seen['reason']}"


async def test_a_run_that_is_not_over_or_unknown_is_not_verified(stack: Stack) -> None:
    await make_task(stack, "early", cases=4)
    run = await start(stack, "early", kind="evaluate")
    answer = await stack.induction.post(f"/v1/runs/{run}/verify")
    assert (answer.status_code, answer.json()["code"]) == (409, "run_not_over")
    code, _, complained = await verify_by_command(stack, run)
    assert (code, complained) == (2, "induction: The run is not over")
    unknown = "01890000-0000-7000-8000-000000000000"
    assert (await stack.induction.post(f"/v1/runs/{unknown}/verify")).status_code == 404
    assert (await stack.induction.get(f"/v1/runs/{run}/verification")).status_code == 404
    assert (await verify_by_command(stack, unknown))[0] == 2


async def test_without_a_worker_the_command_gives_up_with_2(stack: Stack) -> None:
    run = await finished(stack, "unattended", kind="evaluate")
    code, printed, _ = await verify_by_command(stack, run, "--seconds", "0.1")
    assert (code, printed.split(":")[0]) == (2, "unchecked")


@pytest.mark.law
@pytest.mark.long
async def test_a_run_that_was_cancelled_is_compared_up_to_there(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=SLOW, concurrency=4) as stack:
        await make_task(stack, "broken-off", cases=60)
        run = await start(stack, "broken-off")
        async with stack.working():
            await until(lambda: _evaluated(stack, run))
            await stack.induction.post(f"/v1/runs/{run}/cancel")
            await reached(stack, run, "cancelled")
            history = await events(stack, run)
            seen = await verified(stack, run)
            assert (seen["outcome"], seen["events"] >= len(history) - 1) == ("same", True), seen
            await _store(stack, run, 2, json.dumps(history[1] | {"objective": 0.999}))
            assert (await verified(stack, run))["outcome"] == "different"


async def _evaluated(stack: Stack, run: str) -> bool:
    rows = await sql(stack, "SELECT last_event FROM runs WHERE id = $1", run)
    return int(rows[0]["last_event"]) >= 3


async def _store(stack: Stack, run: str, n: int, body: str) -> None:
    await sql(stack, "UPDATE run_events SET body = $3 WHERE run_id = $1 AND n = $2", run, n, body)
