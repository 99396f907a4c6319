"""Examples that are chosen for each text are tried, unless the run or its task says no."""

import re
from typing import Any

import pytest

from tests.fixtures.browsing import browser
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import BOOTSTRAP_KEY, Stack
from tests.induction.runs.driving import events, reached, start
from tests.induction.test_keys_by_command import run as by_command


async def with_banks(stack: Stack, run: dict[str, Any]) -> list[dict[str, Any]]:
    history = await events(stack, run["id"])
    return [one for one in history if "retrieval" in one.get("content", {})]


@pytest.mark.law
@pytest.mark.parametrize(
    ("of_task", "of_run", "is_tried"),
    [
        pytest.param(False, {}, False, marks=[pytest.mark.law, pytest.mark.long]),
        pytest.param(False, {"retrieval": True}, True, marks=[pytest.mark.law, pytest.mark.long]),
        (None, {}, True),
        pytest.param(True, {"retrieval": False}, False, marks=pytest.mark.long),
    ],
)
async def test_a_bank_is_tried_where_the_run_or_else_its_task_says_so(
    stack: Stack, of_task: bool | None, of_run: dict[str, bool], is_tried: bool
) -> None:
    slug = f"chosen-{of_task}-{len(of_run)}".lower()
    await make_task(stack, slug, cases=130)
    if of_task is not None:
        changed = await stack.induction.patch(f"/v1/tasks/{slug}", json={"retrieval": of_task})
        assert changed.json()["retrieval"] is of_task
    async with stack.working():
        started = await start(stack, slug, limits={"iterations": 1, "calls": 900}, **of_run)
        run = await reached(stack, started)
    assert run["status"] == "completed", run["reason"]
    banked = await with_banks(stack, run)
    assert bool(banked) is is_tried
    if is_tried:
        await its_change_tells_of_the_bank(stack, run, banked[0]["version_hash"])


async def its_change_tells_of_the_bank(
    stack: Stack, run: dict[str, Any], version_hash: str
) -> None:
    versions = (await stack.induction.get(f"/v1/prompts/{run['task']}/versions")).json()["items"]
    (made,) = [one["id"] for one in versions if one["version_hash"] == version_hash]
    (change,) = [one["n"] for one in run["changes"] if one["version_id"] == made]
    async with browser(str(stack.induction.base_url)) as page:
        shown = (await page.get(f"/dashboard/runs/{run['id']}/changes/{change}")).text
    assert "Examples chosen for each text" in shown
    assert re.search(r"each request shows those of \d+ examples", shown)


async def test_a_forecast_counts_the_banks_that_are_tried(stack: Stack) -> None:
    await make_task(stack, "foreseen", cases=60)
    body = {"task": "foreseen", "dry_run": True}
    bare, more = [
        (await stack.induction.post("/v1/runs", json={**body, **extra})).json()["calls"]
        for extra in ({"retrieval": False}, {})
    ]
    assert bare < more


@pytest.mark.law
@pytest.mark.long
async def test_the_command_line_asks_for_it(stack: Stack) -> None:
    await make_task(stack, "by-command", cases=130)
    words = ["--url", str(stack.induction.base_url), "--key", BOOTSTRAP_KEY, "--retrieval"]
    words += ["--task", "by-command", "--iterations", "1", "--watch"]
    async with stack.working():
        code, printed, _ = await by_command(stack, "run", *words)
    assert code == 0
    assert "bank of " in printed
