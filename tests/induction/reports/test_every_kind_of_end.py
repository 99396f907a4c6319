"""Whatever a run was for and however it ended, its report says what it found and why it ended."""

import os
from typing import Any

import pytest

from tests.fixtures.commands import typed
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, start

pytestmark = pytest.mark.law
TASK = "ending"
NOTHING_CHANGED = ("## Changes", "## Rolling back", "nothing to undo")


@pytest.fixture(scope="module")
async def ended(stack: Stack) -> dict[str, dict[str, Any]]:
    """Runs that are over, by how they ended."""
    await make_task(stack, TASK, cases=30)
    cancelled = await start(stack, TASK)
    assert (await stack.induction.post(f"/v1/runs/{cancelled}/cancel")).is_success
    begun = {
        "evaluate": await start(stack, TASK, kind="evaluate"),
        "canary": await start(stack, TASK, kind="canary"),
        "headroom": await start(stack, TASK, kind="headroom"),
        "cancelled": cancelled,
    }
    async with stack.working():
        over = {
            name: await reached(stack, run, "cancelled" if run == cancelled else "completed")
            for name, run in begun.items()
        }
        spent = await start(stack, TASK, limits={"calls": 1})
        over["budget"] = await reached(stack, spent, "completed")
        searched = await start(stack, TASK, limits={"iterations": 2}, proposals=1)
        over["searched"] = await reached(stack, searched, "completed")
    return over


async def report(stack: Stack, run: dict[str, Any], format: str = "json") -> Any:
    path = f"/v1/runs/{run['id']}/report"
    answer = await stack.induction.get(path, params={"format": format})
    assert answer.status_code == 200, answer.text
    return answer.json() if format == "json" else answer.text


@pytest.mark.parametrize("kind", ["evaluate", "canary", "headroom"])
async def test_what_a_run_without_a_search_found_comes_first_and_then_why_it_ended(
    stack: Stack, ended: dict[str, dict[str, Any]], kind: str
) -> None:
    run = ended[kind]
    document = await report(stack, run)
    first, second, *_ = document["words"]
    if kind == "evaluate":
        assert first == f"An evaluation: F1 {run['final_f1']:.3f} on validation cases."
    else:
        assert run[kind]["summary"].split(".")[0] in first
    assert second == f"The run ended: {run['reason']}."
    assert document["reason"] == run["reason"]
    page = await report(stack, run, "md")
    assert not [one for one in ("verdict", *NOTHING_CHANGED) if one in page]
    assert page.count(run["baseline_version_id"]) == 1
    assert "| - |" not in page
    assert "+0.000" not in page
    assert {one["after"] for one in document["components"]} <= {None}
    assert ("| component | F1 |" in page) == (kind == "evaluate")


@pytest.mark.parametrize("end", ["cancelled", "budget"])
async def test_a_run_that_ended_early_says_why(
    stack: Stack, ended: dict[str, dict[str, Any]], end: str
) -> None:
    run = ended[end]
    why = "The run was cancelled."
    if end == "budget":
        assert run["reason"].startswith("budget: ")
        why = f"The run ended: {run['reason']}."
    document = await report(stack, run)
    assert why in document["words"]
    if end == "cancelled":
        assert document["words"][0] == "There is no verdict."
    for format in ("md", "html"):
        assert why.removesuffix(".") in (await report(stack, run, format)).replace("\\", "")


@pytest.mark.parametrize(
    ("kind", "answered", "proposed"),
    [
        ("evaluate", True, False),
        ("canary", True, False),
        ("headroom", True, False),
        ("cancelled", False, False),
        ("searched", True, True),
    ],
)
async def test_who_answered_and_proposed_is_named_where_somebody_did(
    stack: Stack, ended: dict[str, dict[str, Any]], kind: str, answered: bool, proposed: bool
) -> None:
    document = await report(stack, ended[kind])
    offline = "the offline model"
    assert document["answered_by"] == (offline if answered else None)
    assert document["proposed_by"] == (offline if proposed else None)
    page = await report(stack, ended[kind], "md")
    assert (f"| answered | `{offline}` |" in page) == answered
    assert (f"| proposed | `{offline}` |" in page) == proposed
    assert page.count("| answered |") + page.count("| proposed |") == answered + proposed
    assert "claude" not in page


async def test_a_terminal_says_the_same(stack: Stack, ended: dict[str, dict[str, Any]]) -> None:
    env = {"INDUCTION_URL": str(stack.induction.base_url), "INDUCTION_KEY": BOOTSTRAP_KEY}
    for kind in ("canary", "cancelled"):
        run = ended[kind]
        printed = await typed("induction", "runs", "show", run["id"], env=os.environ | env)
        words = " ".join(printed.printed.split())
        assert (await report(stack, run))["words"][1] in words
        if kind == "canary":
            assert run["canary"]["summary"].split(".")[0] in words
