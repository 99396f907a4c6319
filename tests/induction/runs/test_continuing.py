"""What did not complete goes on as a new run, from the best prompt it came to."""

import json
from datetime import timedelta

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import events, reached, shown, sql, start
from tests.induction.runs.test_starting import door
from tests.induction.test_keys_by_command import run as by_command

LEFT_BEHIND = """
UPDATE runs SET engine_version = 'older', created_at = now() - interval '1 hour' WHERE id = $1
"""
BETTER = {"text": "Of topic_0, topic_1, topic_2 and topic_3 choose the one that fits."}


async def ended(stack: Stack, task: str, status: str, **order: object) -> str:
    """A run that is over and has kept a better prompt, as far as its row says so."""
    await make_task(stack, task, cases=8)
    run = await start(stack, task, **order)
    version = (await stack.induction.post(f"/v1/prompts/{task}/versions", json=BETTER)).json()["id"]
    await sql(
        stack,
        "UPDATE runs SET status = $2, best_version_id = $3, completed_at = now() WHERE id = $1",
        *(run, status, version),
    )
    return run


@pytest.mark.law
async def test_a_run_whose_engine_version_no_worker_has_is_superseded_and_says_so_last(
    stack: Stack,
) -> None:
    await make_task(stack, "left-behind", cases=8)
    run = await start(stack, "left-behind")
    await sql(stack, LEFT_BEHIND, run)
    async with stack.working():
        seen = await reached(stack, run)
    reason = "no worker of its engine version is left"
    assert (seen["status"], seen["reason"]) == ("superseded", reason)
    assert seen["completed_at"] is not None
    (last,) = await events(stack, run)
    assert (last["type"], last["status"], last["reason"]) == ("run_finished", "superseded", reason)


@pytest.mark.law
async def test_a_run_is_not_superseded_while_a_worker_of_its_version_is_at_work(
    stack: Stack,
) -> None:
    await make_task(stack, "queueing", cases=8)
    await make_task(stack, "driven", cases=8)
    waiting, driven = await start(stack, "queueing"), await start(stack, "driven")
    for run in (waiting, driven):
        await sql(stack, LEFT_BEHIND, run)
    held = "UPDATE runs SET status = 'running', lease_until = now() + $2::interval WHERE id = $1"
    await sql(stack, held, driven, timedelta(hours=1))
    await make_task(stack, "between", cases=4)
    async with stack.working():
        # A look of the worker that finds nothing to claim comes after this one at the latest.
        await reached(stack, await start(stack, "between", kind="evaluate"))
        await reached(stack, await start(stack, "between", kind="evaluate"))
        assert (await shown(stack, waiting))["status"] == "waiting"
        await sql(stack, held, driven, timedelta(hours=-1))
        assert (await reached(stack, waiting))["status"] == "superseded"


@pytest.mark.law
@pytest.mark.parametrize(
    "status",
    [
        "superseded",
        *(
            pytest.param(one, marks=[pytest.mark.law, pytest.mark.long])
            for one in ("failed", "cancelled")
        ),
    ],
)
async def test_it_goes_on_from_its_best_prompt_with_its_limits_and_options(
    stack: Stack, status: str
) -> None:
    task = f"once-{status}"
    limits = {"iterations": 1, "money_usd": 3.5, "minutes": 11}
    run = await ended(stack, task, status, limits=limits, hints=["verbs"], seed=7, proposals=2)
    before = await shown(stack, run)
    answer = await stack.induction.post(f"/v1/runs/{run}/continue", json={})
    assert answer.status_code == 202, answer.text
    new = answer.json()
    assert answer.headers["Location"] == f"/v1/runs/{new['id']}"
    assert new["continues"] == run
    assert new["baseline_version_id"] == before["best_version_id"]
    assert new["limits"] == before["limits"]
    assert (new["task_model"], new["kind"]) == (before["task_model"], "improve")
    (row,) = await sql(stack, "SELECT hints, seed, proposals FROM runs WHERE id = $1", new["id"])
    assert (json.loads(row["hints"]), row["seed"], row["proposals"]) == (["verbs"], 7, 2)
    async with stack.working():
        seen = await reached(stack, new["id"])
    assert seen["status"] == "completed"
    assert (await shown(stack, run))["status"] == status


async def test_what_is_named_takes_the_place_of_what_was(stack: Stack) -> None:
    run = await ended(stack, "changed", "failed", limits={"calls": 77, "minutes": 5}, hints=["a"])
    hint = "INSERT INTO run_hints (id, run_id, hint) VALUES ($1, $1, 'on its way')"
    await sql(stack, hint, run)
    body = {"limits": {"minutes": 9}, "focus": "topic_1", "seed": 3}
    new = (await stack.induction.post(f"/v1/runs/{run}/continue", json=body)).json()
    assert (new["limits"]["calls"], new["limits"]["minutes"]) == (77, 9)
    (row,) = await sql(stack, "SELECT focus, seed, hints FROM runs WHERE id = $1", new["id"])
    assert (row["focus"], row["seed"]) == ("topic_1", 3)
    assert json.loads(row["hints"]) == ["a", "on its way"]


async def test_it_is_refused_with_the_reason(stack: Stack) -> None:
    await make_task(stack, "refusing", cases=4)
    active = await start(stack, "refusing")
    over = await ended(stack, "whole", "completed")
    for run, word in ((active, "not over"), (over, "completed")):
        answer = await stack.induction.post(f"/v1/runs/{run}/continue", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "run_not_continuable")
        assert word in answer.json()["detail"]
    unknown = "01890000-0000-7000-8000-000000000000"
    answer = await stack.induction.post(f"/v1/runs/{unknown}/continue", json={})
    assert answer.status_code == 404


async def test_a_task_still_has_one_active_improve_run(stack: Stack) -> None:
    run = await ended(stack, "single", "cancelled")
    assert (await stack.induction.post(f"/v1/runs/{run}/continue")).status_code == 202
    answer = await stack.induction.post(f"/v1/runs/{run}/continue")
    assert (answer.status_code, answer.json()["code"]) == (409, "run_active")


@pytest.mark.law
@pytest.mark.long
async def test_by_command_runs_are_listed_shown_and_continued(stack: Stack) -> None:
    run = await ended(stack, "typed", "cancelled", limits={"iterations": 1})
    code, listed, _ = await by_command(stack, "runs", "list", "--task", "typed", *door(stack))
    assert (code, listed.split("\t")[:4]) == (0, [run, "typed", "improve", "cancelled"])
    code, printed, _ = await by_command(stack, "runs", "show", run, *door(stack))
    assert (code, printed.splitlines()[0]) == (0, "typed improve: cancelled")
    command = ["runs", "continue", run, "--minutes", "9", "--watch", *door(stack)]
    async with stack.working():
        code, printed, complained = await by_command(stack, *command)
    assert (code, complained) == (0, "")
    new = await shown(stack, printed.splitlines()[0])
    assert (new["continues"], new["limits"]["minutes"], new["status"]) == (run, 9, "completed")
    code, _, complained = await by_command(stack, "runs", "continue", new["id"], *door(stack))
    assert (code, "It has completed" in complained) == (1, True)
