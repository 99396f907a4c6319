"""What a run's prompts may cost in tokens, and the front of F1 against tokens that it shows."""

import pytest
from nlu_shared.rendering import fixed_tokens

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import BOOTSTRAP_KEY, Stack
from tests.induction.runs.driving import events, reached, start
from tests.induction.test_keys_by_command import run as by_command

BOUND = 400


@pytest.mark.law
@pytest.mark.long
async def test_a_task_bounds_the_prompts_of_its_runs_and_a_run_may_say_otherwise(
    stack: Stack,
) -> None:
    await make_task(stack, "bounded", cases=60)
    changed = await stack.induction.patch("/v1/tasks/bounded", json={"max_prompt_tokens": BOUND})
    assert (changed.status_code, changed.json()["max_prompt_tokens"]) == (200, BOUND)
    async with stack.working():
        run = await reached(stack, await start(stack, "bounded"))
        assert run["status"] == "completed"
        assert run["limits"]["max_prompt_tokens"] == BOUND
        proposed = [one for one in await events(stack, run["id"]) if "content" in one]
        assert any(one["content"]["examples"] for one in proposed)
        assert run["front"]
        assert all(point["tokens"] <= BOUND for point in run["front"])
        own = {"max_prompt_tokens": 2 * BOUND}
        wider = await reached(stack, await start(stack, "bounded", limits=own))
    assert wider["limits"]["max_prompt_tokens"] == 2 * BOUND


@pytest.mark.law
@pytest.mark.long
async def test_a_run_shows_what_f1_costs_in_tokens_and_which_prompt_won(stack: Stack) -> None:
    await make_task(stack, "fronted", cases=60)
    async with stack.working():
        run = await reached(stack, await start(stack, "fronted"))
    front = run["front"]
    (winner,) = [point for point in front if point["is_winner"]]
    assert winner["version_id"] == run["best_version_id"]
    assert winner["validation_f1"] == run["final_f1"]
    assert [point["tokens"] for point in front] == sorted(point["tokens"] for point in front)
    version = await stack.induction.get(f"/v1/prompts/fronted/versions/{winner['version_id']}")
    form = version.json()["rendered"]
    estimated = fixed_tokens(tuple(form["system"]), form["response_schema"])
    assert winner["tokens"] == pytest.approx(estimated, rel=0.5)
    (kept,) = [one for one in run["changes"] if one["version_id"] == winner["version_id"]]
    assert kept["outcome"] == "kept"


@pytest.mark.law
@pytest.mark.long
async def test_the_ladder_is_one_iteration_and_all_its_rungs_are_changes(stack: Stack) -> None:
    await make_task(stack, "rungs", cases=60)
    async with stack.working():
        run = await reached(stack, await start(stack, "rungs", limits={"iterations": 1}))
    assert len(run["iterations"]) == 1
    assert len(run["changes"]) > 1
    assert {one["iteration"] for one in run["changes"]} == {1}


async def test_a_bound_that_no_prompt_can_keep_is_refused(stack: Stack) -> None:
    await make_task(stack, "tiny", cases=4)
    answer = await stack.induction.post(
        "/v1/runs", json={"task": "tiny", "limits": {"max_prompt_tokens": 3}}
    )
    assert answer.status_code == 422


@pytest.mark.law
@pytest.mark.long
async def test_the_command_line_bounds_the_prompts_and_shows_the_front(stack: Stack) -> None:
    await make_task(stack, "on-a-terminal", cases=60)
    words = ["--url", str(stack.induction.base_url), "--key", BOOTSTRAP_KEY]
    words += ["--task", "on-a-terminal", "--max-prompt-tokens", "600", "--watch"]
    async with stack.working():
        code, printed, _ = await by_command(stack, "run", *words)
    assert code == 0
    (line,) = [one for one in printed.splitlines() if "F1 against tokens of the prompt" in one]
    assert " at " in line
