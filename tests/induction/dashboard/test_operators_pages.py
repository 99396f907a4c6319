"""What operators see of the whole service, and the keys and channels they keep there."""

import csv
import io
import os
import re
import socket
from collections.abc import AsyncIterator

import httpx2
import pytest
from induction.dashboard.house import HOUSE

from tests.fixtures.browsing import HOSTILE, browser, shown, to_login
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, client, until
from tests.induction.runs.driving import reached, sql, start
from tests.induction.test_scopes import key_with

PAGES = ("spend", "queue", "config", "channels", "keys")
UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
async def page(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(str(stack.induction.base_url)) as made:
        yield made


async def test_a_key_is_made_with_scopes_in_words_shown_once_rotated_and_revoked(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    order = {"name": HOSTILE, "scopes": ["runs:read"]}
    made = (await page.post("/dashboard/keys", json=order)).json()
    listed = await shown(page, "keys")
    assert HOSTILE in listed
    assert "It may: read and watch runs." in listed
    assert made["key"] not in listed
    path = f"/dashboard/keys/{made['id']}"
    successor = (await page.post(f"{path}/rotate", json={"grace_hours": 0})).json()
    async with client(str(stack.induction.base_url), successor["key"]) as caller:
        assert (await caller.get("/v1/runs")).status_code == 200
        revoked = f"/dashboard/keys/{successor['id']}/revoke"
        assert (await page.post(revoked, json={})).status_code == 204
        assert (await caller.get("/v1/runs")).status_code == 401
    assert "2 ended keys" in await shown(page, "keys")
    unknown = await page.post("/dashboard/keys", json={"name": "x", "scopes": ["all:of-it"]})
    assert unknown.json()["code"] == "unknown_scope"


async def test_a_channel_is_made_and_deleted_and_its_secret_shown_once(
    page: httpx2.AsyncClient,
) -> None:
    assert "Nobody is told." in await shown(page, "channels")
    order = {"kind": "webhook", "target": "https://93.184.215.14/hook?token=unseen"}
    made = (await page.post("/dashboard/channels", json=order)).json()
    assert made["secret"].startswith("whsec_")
    listed = await shown(page, "channels")
    assert "93.184.215.14" in listed
    assert "unseen" not in listed
    assert made["secret"] not in listed
    deleted = await page.post(f"/dashboard/channels/{made['id']}/delete", json={})
    assert deleted.status_code == 204
    assert "Nobody is told." in await shown(page, "channels")


async def test_settings_tell_where_they_came_from_and_no_secret(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    secret = stack.settings.nlu_logger_key.get_secret_value()
    every = await shown(page, "config")
    assert "INDUCTION_MONTH_CAP_USD" in every
    assert secret not in every
    assert "not set</span>" in every
    assert not re.search(r">\s*(null|\[\]|\{\})\s*<", every)
    page_of_settings = await shown(page, "config", source="environment", part="nlu_logger")
    assert "INDUCTION_NLU_LOGGER_URL" in page_of_settings
    assert "INDUCTION_MONTH_CAP_USD" not in page_of_settings
    assert "No setting is like that." in await shown(page, "config", part="<no such>")


@pytest.mark.law
async def test_the_queue_tells_what_waits_and_why_and_runs_are_listed_and_downloaded(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    assert "No run is under way or waits." in await shown(page, "queue")
    await make_task(stack, "queued", cases=12)
    run = await start(stack, "queued", kind="evaluate")
    await sql(stack, "UPDATE runs SET created_at = now() - interval '3 minutes'")
    queue = await shown(page, "queue")
    assert "the oldest for 3 min" in queue
    assert "no worker takes it" in queue
    async with stack.working():
        await reached(stack, run)
    await sql(stack, "UPDATE runs SET reason = '=cmd()'")
    assert run in await shown(page, "runs", task="queued", kind="evaluate", status="completed")
    assert "No run is like that." in await shown(page, "runs", kind="canary")
    filtered = await stack.induction.get("/v1/runs", params={"kind": "canary"})
    assert filtered.json()["items"] == []
    table = await page.get("/dashboard/runs.csv", params={"task": "queued"})
    assert table.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff")))
    assert (row["run"], row["status"], row["reason"]) == (run, "completed", "'=cmd()")
    assert int(row["calls"]) > 0
    spend = await shown(page, "spend")
    assert "of 100.00 dollars, which no call passes" in spend
    assert "queued" in spend
    assert "evaluation" in spend or "task" in spend
    assert "viewBox" in spend
    assert "nothing was paid; 1 day with calls" in spend
    assert "The same as a table" in spend


async def test_the_queue_names_the_workers_that_live(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    worker = f"{socket.gethostname()}:{os.getpid()}"
    assert "No worker was heard of in the last hour." in await shown(page, "queue")

    async def named() -> bool:
        return worker in await shown(page, "queue")

    async with stack.working():
        await until(named)
        queue = await shown(page, "queue")
        assert "<b>1</b><span" in queue
        assert '<span class="tag good">yes</span>' in queue
    assert worker not in await shown(page, "queue")


async def test_operators_pages_are_for_administrators_and_their_changes_for_their_own_pages(
    stack: Stack,
) -> None:
    url = str(stack.induction.base_url)
    async with client(url, None) as stranger:
        for name in (*PAGES, "operations", "runs", "runs.csv"):
            path = f"/dashboard/{name}"
            answer = await stranger.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, to_login(path))
    presses = {
        "keys": {"name": "x", "scopes": ["admin"]},
        f"keys/{UNKNOWN}/rotate": {},
        f"keys/{UNKNOWN}/revoke": {},
        "channels": {"kind": "email", "target": "one@example.org"},
        f"channels/{UNKNOWN}/delete": {},
        "triggers": {"task": "queued"},
        **{f"triggers/{verb}": {"task": "queued"} for verb in ("pause", "resume", "reset-backoff")},
    }
    of_tasks = {
        "tasks/queued/experiments": {"version_id": UNKNOWN},
        f"tasks/queued/experiments/{UNKNOWN}/stop": {},
        f"tasks/queued/ideas/{UNKNOWN}/clear": {},
    }
    reads = await key_with(stack, {"runs:read", "prompts:read", "tasks:read"})
    async with browser(url, reads) as reader:
        assert "Operations" not in await shown(reader, "runs")
        for name in PAGES:
            assert (await reader.get(f"/dashboard/{name}")).status_code == 403, name
        for path, body in {**presses, **of_tasks}.items():
            assert (await reader.post(f"/dashboard/{path}", json=body)).status_code == 403, path
    async with browser(url) as admin:
        del admin.headers["x-proof"]
        for path, body in {**presses, **of_tasks}.items():
            refused = await admin.post(f"/dashboard/{path}", json=body)
            assert refused.json()["code"] == "no_proof", path


async def test_an_administrator_of_one_task_sees_that_alone(stack: Stack) -> None:
    await make_task(stack, "own-one")
    made = await stack.induction.post(
        "/v1/admin/keys", json={"name": "of one", "scopes": ["admin"], "tasks": ["own-one"]}
    )
    async with browser(str(stack.induction.base_url), made.json()["key"]) as limited:
        first = await limited.get("/dashboard/operations")
        assert first.headers["location"] == "/dashboard/keys"
        keys = await shown(limited, "keys")
        assert "of one" in keys
        assert "bootstrap" not in keys
        assert "/dashboard/spend" not in keys
        for name in ("spend", "queue", "config"):
            assert (await limited.get(f"/dashboard/{name}")).status_code == 403
        await shown(limited, "tasks/own-one/trigger")
        assert (await limited.get("/dashboard/tasks/queued/trigger")).status_code == 403
        pause = await limited.post("/dashboard/triggers/pause", json={"task": "queued"})
        assert pause.status_code == 403
    assert HOUSE.file("secret.js") is not None
