"""induction's pages by HTTP: who gets in, what they show, and that text stays text."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx2
import pytest
from induction.dashboard.house import HOUSE

from tests.fixtures.browsing import HOSTILE, Foreign, browser, to_login
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, client
from tests.induction.runs.driving import reached, start
from tests.induction.test_scopes import key_with

UNKNOWN = "01890000-0000-7000-8000-000000000000"
FILES = (
    "page.js", "tables.js", "phone.js", "page.css", "phone.css", "icon.svg", "run.js", "improve.js",
    "secret.js", "chart.js", "replay.js", "uPlot.iife.min.js", "uPlot.min.css",
)  # fmt: skip


@pytest.fixture
async def page(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser(str(stack.induction.base_url)) as made:
        yield made


def paths(task: str, run: str, version: str) -> list[str]:
    own = f"/dashboard/tasks/{task}"
    return [
        "/dashboard", own, f"{own}/improve", f"{own}/versions/{version}", f"/dashboard/runs/{run}",
        f"{own}/lineage", f"{own}/ideas", f"{own}/production", f"{own}/proposals",
        f"{own}/experiments", f"{own}/trigger", "/dashboard/runs",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "path", [*paths("any", UNKNOWN, UNKNOWN), f"/dashboard/runs/{UNKNOWN}/events"]
)
async def test_a_stranger_is_sent_to_the_login(stack: Stack, path: str) -> None:
    async with client(str(stack.induction.base_url), None) as stranger:
        answer = await stranger.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, to_login(path))
        stranger.cookies.set(HOUSE.cookie, "a-guess")
        assert (await stranger.get(path)).status_code == 303


async def test_the_address_of_the_service_leads_a_browser_to_its_pages(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    led = await page.get("/", headers={"accept": "text/html"}, follow_redirects=True)
    assert (led.status_code, led.url.path) == (200, "/dashboard")
    assert (await page.get("/", headers={"accept": "*/*"})).status_code == 404


@pytest.mark.law
async def test_a_run_is_ordered_watched_read_promoted_and_rolled_back(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    await make_task(stack, "on-pages", cases=60)
    order: dict[str, Any] = {"task": "on-pages", "limits": {"iterations": 2}, "dry_run": True}
    forecast = (await page.post("/dashboard/runs", json=order)).json()
    assert forecast["cases"] == 60
    started = await page.post("/dashboard/runs", json=order | {"dry_run": False})
    run_id = started.json()["id"]
    assert "waits for a worker" in (await page.get(f"/dashboard/runs/{run_id}")).text
    async with stack.working():
        run = await reached(stack, run_id)
    stream = await page.get(f"/dashboard/runs/{run_id}/events")
    assert "event: run_finished" in stream.text
    over = await page.get(f"/dashboard/runs/{run_id}/events", params={"after": 10**6})
    assert over.status_code == 422

    shown = (await page.get(f"/dashboard/runs/{run_id}")).text
    assert run["verdict"]["summary"] in shown
    assert "data-over" in shown
    overview = (await page.get("/dashboard")).text
    assert f'<a href="/dashboard/runs/{run_id}">Newest verdict</a>' in overview
    assert f"{run['verdict']['after']:.3f} against {run['verdict']['before']:.3f}" in overview
    needed = run["verdict"]["labels_needed"]
    assert (f"worth={needed}" in overview) is (needed is not None)
    assert f"/dashboard/runs/{run_id}/cases" in shown
    cases = (await page.get(f"/dashboard/runs/{run_id}/cases")).text
    turned = next(one for one in run["changes"] if one["fixed"])
    assert f'title="change {turned["n"]} fixed it"' in cases
    assert Foreign(cases).violations == []
    assert f'href="/dashboard/runs/{run_id}/cases?sort=-change_{turned["n"]}"' in shown
    await a_case_tells_its_answers(page, run_id, cases)
    assert "Where its best prompt is wrong" in shown
    change = (await page.get(f"/dashboard/runs/{run_id}/changes/{turned['n']}")).text
    assert "data-hunks" in change
    assert "Examples added" in change
    assert len(re.findall(rf"/dashboard/runs/{run_id}/cases/", change)) == (
        turned["fixed"] + turned["broke"]
    )
    assert Foreign(change).violations == []
    none = await page.get(f"/dashboard/runs/{run_id}/changes/999")
    assert none.status_code == 404
    best = f"/dashboard/tasks/on-pages/versions/{run['best_version_id']}"
    await stack.induction.patch("/v1/tasks/on-pages", json={"promotion_approvals": 1})
    proposal = (await page.post(f"{best}/promote", json={"reason": HOSTILE})).json()
    waiting = (await page.get(best)).text
    assert "Waits for approval" in waiting
    assert Foreign(waiting).violations == []
    press = f"/dashboard/tasks/on-pages/proposals/{proposal['id']}"
    own = await page.post(f"{press}/approve", json={})
    assert own.json()["code"] == "own_proposal"
    rejected = await page.post(f"{press}/reject", json={"reason": "say why"})
    assert rejected.json()["status"] == "rejected"
    again = (await page.post(f"{best}/promote", json={"reason": "It is better."})).json()
    scopes = {"runs:read", "prompts:read", "tasks:read", "prompts:approve"}
    async with browser(str(stack.induction.base_url), await key_with(stack, scopes)) as other:
        press = f"/dashboard/tasks/on-pages/proposals/{again['id']}"
        hashed = {"version_hash": again["version_hash"]}
        assert (await other.post(f"{press}/approve", json=hashed)).json()["status"] == "applied"
    assert "It is better." in (await page.get(best)).text
    assert "production" in (await page.get(best)).text
    other = await page.get(best, params={"against": run["baseline_version_id"]})
    assert "Examples added" in other.text
    back = await page.post("/dashboard/tasks/on-pages/rollback", json={})
    assert back.json()["id"] == run["baseline_version_id"]
    assert "brought back by" in (await page.get(best)).text


async def a_case_tells_its_answers(page: httpx2.AsyncClient, run_id: str, cases: str) -> None:
    link = re.search(rf"/dashboard/runs/{run_id}/cases/[0-9a-f-]+", cases)
    assert link is not None
    case = (await page.get(link[0])).text
    assert "not on record" not in case
    assert {"fixed it", "right", "wrong"} <= set(re.findall(r">([\w ]+)</span>", case))
    assert "one of those that choose" in case
    assert Foreign(case).violations == []
    unknown = await page.get(f"/dashboard/runs/{run_id}/cases/{UNKNOWN}")
    assert unknown.status_code == 404


@pytest.mark.law
@pytest.mark.long
async def test_a_run_that_improves_nothing_tells_what_it_found(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    await make_task(stack, "measured-on-pages", cases=60)
    headroom = await start(stack, "measured-on-pages", kind="headroom")
    migration = await start(
        stack, "measured-on-pages", kind="migrate", to_models=["claude-sonnet-5-5"]
    )
    async with stack.working():
        measured = await reached(stack, headroom)
        compared = await reached(stack, migration)
    shown = unescape((await page.get(f"/dashboard/runs/{headroom}")).text)
    assert measured["headroom"]["summary"] in shown
    shown = unescape((await page.get(f"/dashboard/runs/{migration}")).text)
    assert compared["migration"]["comparisons"][0]["summary"] in shown


@pytest.mark.law
async def test_hostile_words_are_shown_as_text_and_every_page_loads_its_own_alone(
    stack: Stack, page: httpx2.AsyncClient
) -> None:
    await make_task(stack, "hostile-pages", cases=30)
    content = {"instructions": [{"name": "instructions", "text": HOSTILE}]}
    labels = (await stack.induction.get("/v1/tasks/hostile-pages")).json()["labels"]
    content["instructions"][0]["text"] += ", ".join(one["name"] for one in labels)
    made = await stack.induction.post(
        "/v1/prompts/hostile-pages/versions", json={"content": content, "promote": True}
    )
    assert made.status_code == 201, made.text
    order = {"task": "hostile-pages", "hints": [HOSTILE], "limits": {"iterations": 1}}
    run_id = (await page.post("/dashboard/runs", json=order)).json()["id"]
    async with stack.working():
        await reached(stack, run_id)
    for path in paths("hostile-pages", run_id, made.json()["id"]):
        answer = await page.get(path)
        assert answer.status_code == 200, path
        assert Foreign(answer.text).violations == []
        assert "script-src 'self'" in answer.headers["content-security-policy"]
    for name in FILES:
        assert (await page.get(f"/dashboard/static/{name}")).status_code == 200
    assert (await page.get("/dashboard/static/routes.py")).status_code == 404


async def test_what_changes_something_needs_its_scope_and_the_proof(stack: Stack) -> None:
    await make_task(stack, "proven-pages", cases=12)
    url = str(stack.induction.base_url)
    orders = (
        "/dashboard/runs",
        f"/dashboard/runs/{UNKNOWN}/pause",
        f"/dashboard/runs/{UNKNOWN}/resume",
        f"/dashboard/runs/{UNKNOWN}/cancel",
        f"/dashboard/runs/{UNKNOWN}/hints",
        f"/dashboard/tasks/proven-pages/versions/{UNKNOWN}/promote",
        f"/dashboard/tasks/proven-pages/proposals/{UNKNOWN}/approve",
        f"/dashboard/tasks/proven-pages/proposals/{UNKNOWN}/reject",
        "/dashboard/tasks/proven-pages/rollback",
    )
    bodies = {"/dashboard/runs": {"task": "proven-pages"}, orders[4]: {"hint": "x"}}
    bodies[orders[7]] = {"reason": "x"}
    reads = {"runs:read", "prompts:read", "tasks:read"}
    async with browser(url, await key_with(stack, reads)) as reader:
        for path in orders:
            assert (await reader.post(path, json=bodies.get(path, {}))).status_code == 403, path
    async with browser(url) as admin:
        del admin.headers["x-proof"]
        for path in orders:
            refused = await admin.post(path, json=bodies.get(path, {}))
            assert refused.json()["code"] == "no_proof", path


async def test_a_key_of_one_task_sees_no_other(stack: Stack) -> None:
    for name in ("seen", "unseen"):
        await make_task(stack, f"{name}-task", cases=12)
    made = await stack.induction.post(
        "/v1/admin/keys",
        json={
            "name": "of one task",
            "scopes": ["runs:read", "prompts:read", "tasks:read"],
            "tasks": ["seen-task"],
        },
    )
    async with browser(str(stack.induction.base_url), made.json()["key"]) as one:
        overview = (await one.get("/dashboard")).text
        assert "seen-task" in overview
        assert "unseen-task" not in overview
        assert (await one.get("/dashboard/tasks/unseen-task")).status_code == 403
