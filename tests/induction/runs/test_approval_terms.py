"""Who says that changes wait for a person, and who decides; and blocks that no change edits."""

import json

import pytest

from tests.fixtures.browsing import browser
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, client
from tests.induction.runs.approving import (
    asked_about,
    decided,
    of_type,
)
from tests.induction.runs.driving import (
    events,
    reached,
    shown,
    sql,
    start,
)
from tests.induction.runs.test_starting import door
from tests.induction.runs.test_verifying import verified
from tests.induction.test_keys_by_command import run as by_command


async def test_a_task_says_whether_its_changes_wait_where_a_run_does_not(stack: Stack) -> None:
    await make_task(stack, "careful", cases=24)
    body = {"approval": "each-change", "approval_minutes": 60, "unanswered": "keep"}
    changed = await stack.induction.patch("/v1/tasks/careful", json=body)
    assert body.items() <= changed.json().items()
    run = await start(stack, "careful", approval_minutes=5)
    seen = await shown(stack, run)
    names = ("approval", "approval_minutes", "unanswered")
    assert [seen[name] for name in names] == ["each-change", 5, "keep"]
    await stack.induction.post(f"/v1/runs/{run}/cancel")
    async with stack.working():
        await reached(stack, run)
    other = await start(stack, "careful", approval="off")
    assert (await shown(stack, other))["approval"] == "off"
    forecast = await stack.induction.post("/v1/runs", json={"task": "careful", "dry_run": True})
    assert [note for note in forecast.json()["notes"] if "waits for a person" in note]


@pytest.mark.law
@pytest.mark.long
async def test_a_part_of_a_minute_is_waited_for_too(stack: Stack) -> None:
    """Taken for a whole number it was no time at all, and with `keep` nobody's approval."""
    await make_task(stack, "brief", cases=24)
    run = await start(stack, "brief", approval="each-change", approval_minutes=1.9)
    async with stack.working():
        await asked_about(stack, run)
        (row,) = await sql(
            stack,
            """
            SELECT extract(epoch FROM until - now())::float8 AS seconds FROM run_approvals
            WHERE run_id = $1
            """,
            run,
        )
        await stack.induction.post(f"/v1/runs/{run}/cancel")
        await reached(stack, run, "cancelled")
    assert 60 < row["seconds"] <= 114


@pytest.mark.law
async def test_only_who_may_steer_runs_of_the_task_decides_and_the_log_says_who(
    stack: Stack,
) -> None:
    await make_task(stack, "guarded", cases=24)
    run = await start(stack, "guarded", limits={"iterations": 1}, approval="each-change")
    url = str(stack.induction.base_url)
    async with stack.working():
        n = (await asked_about(stack, run))["awaits"]
        path = f"/v1/runs/{run}/changes/{n}/approve"
        for scopes, tasks in ((["runs:read"], None), (["runs:write"], ["another"])):
            key = await key_for(stack, scopes=scopes, tasks=tasks)
            async with client(url, key) as other:
                assert (await other.post(path)).status_code == 403
        key = await key_for(stack, scopes=["runs:write", "runs:read"], tasks=["guarded"])
        async with client(url, key) as other:
            assert (await other.post(path)).status_code == 200
        seen = await reached(stack, run, "completed")
    (change,) = [one for one in seen["changes"] if one["n"] == n]
    audited = await stack.induction.get("/v1/admin/audit", params={"action": "runs.approve"})
    (line,) = [one for one in audited.json()["items"] if one["subject"] == run]
    assert (line["actor"], line["details"]) == (change["approval"]["decided_by"], {"n": n})


async def key_for(stack: Stack, *, scopes: list[str], tasks: list[str] | None) -> str:
    made = await stack.induction.post(
        "/v1/admin/keys", json={"name": "of a test", "scopes": scopes, "tasks": tasks}
    )
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


@pytest.mark.law
@pytest.mark.long
async def test_changes_are_approved_and_vetoed_by_command(stack: Stack) -> None:
    await make_task(stack, "typed", cases=24)
    code, run, complaint = await by_command(
        stack, "run", *door(stack), "--task", "typed", "--iterations", "2",
        *("--approval", "each-change", "--approval-minutes", "30", "--unanswered", "keep"),
    )  # fmt: skip
    assert code == 0, complaint
    async with stack.working():
        n = str((await asked_about(stack, run))["awaits"])
        code, printed, _ = await by_command(
            stack, "runs", "veto", run, n, "--reason", "too long", *door(stack)
        )
        assert (code, printed.split("\t")[0]) == (0, run)
        code, _, complaint = await by_command(stack, "runs", "approve", run, n, *door(stack))
        assert (code, "does not wait for approval" in complaint) == (1, True)
        seen = await decided(stack, run, "approve")
    vetoed = [one["approval"]["reason"] for one in seen["changes"] if str(one["n"]) == n]
    assert vetoed == ["too long"]


@pytest.mark.law
async def test_a_block_is_pinned_while_the_run_goes_on_and_replayed_so(stack: Stack) -> None:
    version = await make_task(stack, "pinned-later", cases=24)
    content = (await stack.induction.get(f"/v1/prompts/pinned-later/versions/{version}")).json()
    blocks = {one["name"]: one["text"] for one in content["content"]["instructions"]}
    run = await start(stack, "pinned-later", limits={"iterations": 3})
    path = f"/v1/runs/{run}/pins"
    refused = await stack.induction.post(path, json={"block": "nowhere"})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_block")
    for name in (*blocks, next(iter(blocks))):
        answer = await stack.induction.post(path, json={"block": name})
        assert answer.status_code == 202, answer.text
    assert answer.json()["pins"] == list(blocks)
    async with browser(str(stack.induction.base_url)) as page:
        text = (await page.get(f"/dashboard/runs/{run}")).text
        assert 'id="pin"' not in text
    async with stack.working():
        seen = await reached(stack, run, "completed")
        assert (await verified(stack, run))["outcome"] == "same"
    assert seen["pins"] == list(blocks)
    readings = await sql(stack, "SELECT body FROM run_inbox WHERE run_id = $1 ORDER BY step", run)
    assert next(json.loads(one["body"]).get("pins") for one in readings) == list(blocks)
    assert not of_type(await events(stack, run), "hint_taken")
    for proposal in of_type(await events(stack, run), "prompt_proposed"):
        after = {one["name"]: one["text"] for one in proposal["content"]["instructions"]}
        assert blocks.items() <= after.items()
    answer = await stack.induction.post(path, json={"block": next(iter(blocks))})
    assert (answer.status_code, answer.json()["code"]) == (409, "run_over")


@pytest.mark.law
@pytest.mark.long
async def test_a_pinned_block_is_edited_by_no_change(stack: Stack) -> None:
    version = await make_task(stack, "pinned", cases=24)
    content = (await stack.induction.get(f"/v1/prompts/pinned/versions/{version}")).json()
    blocks = {one["name"]: one["text"] for one in content["content"]["instructions"]}
    pins = list(blocks)
    refused = await stack.induction.post("/v1/runs", json={"task": "pinned", "pins": ["nowhere"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_block")
    run = await start(stack, "pinned", pins=pins, may_remove_blocks=True, limits={"iterations": 3})
    async with stack.working():
        seen = await reached(stack, run, "completed")
        assert (await verified(stack, run))["outcome"] == "same"
    assert seen["pins"] == pins
    for proposal in of_type(await events(stack, run), "prompt_proposed"):
        after = {one["name"]: one["text"] for one in proposal["content"]["instructions"]}
        assert blocks.items() <= after.items()
