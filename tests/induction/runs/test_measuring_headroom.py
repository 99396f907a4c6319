"""What a prompt could gain, through the door: forecast, measured, shown, with the classifier."""

from html import unescape

import pytest
from nlu_shared.schemas.headroom import Remedy

from tests.fixtures.browsing import browser
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import events, reached, sql, start
from tests.induction.runs.test_starting import door
from tests.induction.test_keys_by_command import run as by_command


@pytest.mark.law
@pytest.mark.long
async def test_headroom_is_measured_beside_an_improve_run_that_waits(stack: Stack) -> None:
    await make_task(stack, "promising", cases=120)
    order = {"task": "promising", "kind": "headroom"}
    answer = await stack.induction.post("/v1/runs", json={**order, "dry_run": True})
    forecast = answer.json()
    assert 60 <= forecast["calls"] <= 150
    waiting = await start(stack, "promising")
    run = await start(stack, "promising", kind="headroom")
    await stack.induction.post(f"/v1/runs/{waiting}/pause")
    async with stack.working():
        seen = await reached(stack, run)
    assert (seen["status"], seen["reason"]) == ("completed", "estimated")
    headroom = seen["headroom"]
    assert seen["spend"]["calls"] == headroom["calls"] <= forecast["calls"]
    assert headroom["remedy"] in list(Remedy)
    assert {one["variant"] for one in headroom["variants"]} >= {"many examples", "few examples"}
    classifier = headroom["classifier"]
    assert 0.5 < classifier["score"] <= 1
    assert classifier["cases"] == seen["splits"]["train"] + seen["splits"]["validation"]
    assert headroom["improve_usd"] > 0
    stored = await events(stack, run)
    assert [one["type"] for one in stored] == ["run_started", "headroom_estimated", "run_finished"]
    assert stored[1]["headroom"]["improve_usd"] is None
    report = await stack.induction.get(f"/v1/runs/{run}/report", params={"format": "md"})
    async with browser(str(stack.induction.base_url)) as page:
        shown = await page.get(f"/dashboard/runs/{run}")
    for text in (report.text, unescape(shown.text)):
        assert f"A plain classifier: F1 {classifier['score']:.3f} on" in text
        assert all(f"With {one['variant']}: F1" in text for one in headroom["variants"])
    (row,) = await sql(stack, "SELECT count(*) FROM prompt_scores WHERE run_id = $1", run)
    assert row["count"] == 0


@pytest.mark.law
@pytest.mark.long
async def test_headroom_is_typed_and_watched(stack: Stack) -> None:
    await make_task(stack, "typed-headroom", cases=60)
    typed = [*door(stack), "--task", "typed-headroom", "--kind", "headroom", "--watch"]
    async with stack.working():
        code, printed, complained = await by_command(stack, "run", *typed)
    assert (code, complained) == (0, "")
    text = " ".join(printed.split())
    assert "a plain classifier" in text
    assert "no untouched test cases, so nothing can be proven" in text
    assert "an improve run takes about" in text
