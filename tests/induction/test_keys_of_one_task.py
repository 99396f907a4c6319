"""A key made for one task opens that task and no other."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, client
from tests.induction.runs.driving import start

SCOPES = ["tasks:read", "tasks:write", "prompts:read", "prompts:write", "runs:read", "runs:write"]


@pytest.fixture(scope="module")
async def runs(stack: Stack) -> dict[str, str]:
    """A waiting run of each of two tasks."""
    for slug in ("mine", "theirs"):
        await make_task(stack, slug, cases=4)
    return {slug: await start(stack, slug) for slug in ("mine", "theirs")}


@pytest.fixture(scope="module")
async def caller(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    body = {"name": "of one task", "scopes": SCOPES, "tasks": ["mine"]}
    key = (await stack.induction.post("/v1/admin/keys", json=body)).json()["key"]
    async with client(str(stack.induction.base_url), key) as made:
        yield made


async def test_its_own_task_is_open(caller: httpx2.AsyncClient, runs: dict[str, str]) -> None:
    for path in (
        "/v1/prompts/mine/active",
        "/v1/prompts/mine/versions",
        f"/v1/runs/{runs['mine']}",
    ):
        assert (await caller.get(path)).status_code == 200, path
    active = await caller.post("/v1/runs", json={"task": "mine"})
    assert (active.status_code, active.json()["code"]) == (409, "run_active")
    assert (await caller.post(f"/v1/runs/{runs['mine']}/pause")).status_code == 200


async def test_another_task_is_closed(caller: httpx2.AsyncClient, runs: dict[str, str]) -> None:
    run = f"/v1/runs/{runs['theirs']}"
    for path in (
        "/v1/prompts/theirs/active",
        "/v1/prompts/theirs/versions",
        "/v1/prompts/theirs/export",
        run,
        f"{run}/events",
    ):
        assert (await caller.get(path)).status_code == 403, path
    task = {"slug": "new", "kind": "intent", "labels": [{"name": "a"}, {"name": "b"}]}
    for path, body in (
        ("/v1/prompts/theirs/versions", {}),
        ("/v1/prompts/theirs/rollback", None),
        ("/v1/runs", {"task": "theirs"}),
        ("/v1/runs", {"task": "theirs", "dry_run": True}),
        (f"{run}/pause", None),
        (f"{run}/resume", None),
        (f"{run}/cancel", None),
        (f"{run}/hints", {"hint": "x"}),
        (f"{run}/pins", {"block": "x"}),
        ("/v1/tasks", task),
    ):
        assert (await caller.post(path, json=body)).status_code == 403, path


async def test_lists_show_its_own_task_only(
    caller: httpx2.AsyncClient, runs: dict[str, str]
) -> None:
    assert [task["slug"] for task in (await caller.get("/v1/tasks")).json()] == ["mine"]
    assert [run["id"] for run in (await caller.get("/v1/runs")).json()["items"]] == [runs["mine"]]
    theirs = await caller.get("/v1/runs", params={"task": "theirs"})
    assert theirs.json()["items"] == []
