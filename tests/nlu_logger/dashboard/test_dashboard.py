"""The pages by HTTP: who gets in, what a page may run, and that text stays text."""

import re
from contextlib import AbstractAsyncContextManager
from urllib.parse import urlencode

import httpx2
import pytest
from nlu_logger.dashboard.house import HOUSE
from nlu_logger.dashboard.inbox.forms import InboxQueue
from nlu_shared.schemas.queues import Queue

from tests.fixtures import browsing
from tests.fixtures.browsing import HOSTILE, Foreign, send, to_login
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import client
from tests.nlu_logger.world import World, connected

QUEUES = [f"/dashboard/review?queue={one}" for one in InboxQueue]
OPERATIONS = [
    f"/dashboard/operations{page}" for page in ("", "/exports", "/alerts", "/audit", "/erasure")
]
STATIC = (
    "page.js", "tables.js", "phone.js", "inbox.js", "page.css", "phone.css", "dashboard.css",
    "icon.svg",
)  # fmt: skip
PAGES = ["/dashboard", "/dashboard/predictions", *QUEUES, *OPERATIONS]
NOBODY = "01890000-0000-7000-8000-000000000000"
CHANGES = {
    "review/label": {"item": NOBODY, "label": "greet"},
    "review/code": {"item": NOBODY},
    "review/define": {"item": NOBODY, "of": "any", "lines": "a"},
    "review/decide": {"item": NOBODY, "verdict": "approve"},
    "review/doubt": {"item": NOBODY, "verdict": "clear"},
    "review/settle": {"item": NOBODY, "verdict": "keep"},
    "review/undo": {},
    "predictions/label": {"item": NOBODY, "label": "greet"},
    "predictions/code": {"item": NOBODY},
    "predictions/decide": {"item": NOBODY, "prediction": NOBODY, "verdict": "approve"},
    "predictions/take-back": {"item": NOBODY, "prediction": NOBODY},
    "operations/keys": {"name": "a", "scopes": "admin"},
    "operations/keys/rotate": {"key": NOBODY},
    "operations/keys/revoke": {"key": NOBODY},
    "operations/exports": {"name": "a"},
    "operations/exports/remove": {"schedule": NOBODY},
    "operations/alerts": {"name": "a"},
    "operations/alerts/remove": {"alert": NOBODY},
    "operations/erasure": {"user": NOBODY},
}


def browser(
    world: World, key: str = BOOTSTRAP_KEY
) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    return browsing.browser(world.url, key)


async def key_for(world: World, *scopes: str, tasks: list[str] | None = None) -> str:
    async with await world.key(*scopes, tasks=tasks) as holder:
        return holder.headers["authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("path", [*PAGES, "/dashboard/start"])
async def test_a_stranger_is_sent_to_the_login(world: World, path: str) -> None:
    async with client(world.url, None) as stranger:
        answer = await stranger.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, to_login(path))
        stranger.cookies.set(HOUSE.cookie, "a-guess")
        assert (await stranger.get(path)).status_code == 303


async def test_a_login_is_a_cookie_that_scripts_cannot_read_and_a_hash_in_the_database(
    world: World,
) -> None:
    async with client(world.url, None) as made:
        answer = await made.post("/dashboard/login", json={"key": BOOTSTRAP_KEY})
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/dashboard"} <= set(cookie.split("; "))
        token = made.cookies[HOUSE.cookie]
        assert BOOTSTRAP_KEY not in cookie
    async with connected(
        world.database.admin_url.rpartition("/")[0] + "/" + world.database.name
    ) as db:
        rows = await db.fetch("SELECT logins::text AS text FROM logins")
    assert rows
    assert not [row for row in rows if token in row["text"] or BOOTSTRAP_KEY in row["text"]]


async def test_what_is_no_key_logs_nobody_in(world: World) -> None:
    async with client(world.url, None) as stranger:
        for key in ("", "nlk_unknown", "x" * 5000):
            answer = await stranger.post("/dashboard/login", json={"key": key})
            assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")
            assert "This key is not known here" in answer.json()["detail"]
            assert "set-cookie" not in answer.headers


async def test_logging_out_and_revoking_end_a_login(world: World) -> None:
    async with browser(world) as made:
        token = made.cookies[HOUSE.cookie]
        assert (await made.post("/dashboard/logout", json={})).status_code == 204
        made.cookies.set(HOUSE.cookie, token)
        assert (await made.get("/dashboard")).status_code == 303
    body = {"name": "short", "scopes": ["insights:read"]}
    key = (await world.admin.post("/v1/admin/keys", json=body)).json()
    async with browser(world, key["key"]) as made:
        assert (await made.get("/dashboard")).status_code == 200
        await world.admin.delete(f"/v1/admin/keys/{key['id']}")
        assert (await made.get("/dashboard")).status_code == 303


@pytest.mark.parametrize("path", CHANGES)
async def test_a_change_needs_a_login_its_proof_and_the_scope(world: World, path: str) -> None:
    fields = CHANGES[path]
    async with client(world.url, None) as stranger:
        stranger.headers["x-proof"] = "0" * 64
        sent = await send(stranger, path, **fields)
        assert (sent.status_code, sent.headers["location"]) == (303, "/dashboard/login")
    async with browser(world, await key_for(world, "reviews:read")) as weak:
        for forged in ("0" * 64, "é", ""):
            refused = await send(weak, path, **{**fields, "proof": forged})
            assert (refused.status_code, refused.json()["code"]) == (403, "no_proof")
        refused = await send(weak, path, **fields)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_browser_without_scripts_logs_in_and_out(world: World) -> None:
    async with client(world.url, None) as made:
        made.headers["x-proof"] = ""
        wrong = await send(made, "enter", key="nlk_unknown")
        assert wrong.status_code == 401
        assert "This key is not known here: it may be" in wrong.text
        entered = await send(made, "enter", key=BOOTSTRAP_KEY)
        assert (entered.status_code, entered.headers["location"]) == (303, "/dashboard")
        page = (await made.get("/dashboard")).text
        proof = re.search(r'name="proof" value="(\w+)"', page)
        assert proof
        left = await send(made, "leave", proof=proof[1])
        assert (left.status_code, left.headers["location"]) == (303, "/dashboard/login")
        assert (await made.get("/dashboard")).status_code == 303


async def test_a_login_leads_to_the_page_that_was_wanted(world: World) -> None:
    address = "/dashboard/review?queue=label-next&task=intent&worth=40"
    async with client(world.url, None) as made:
        made.headers["x-proof"] = ""
        login = (await made.get(address)).headers["location"]
        page = (await made.get(login)).text
        assert f'data-then="{address.replace("&", "&amp;")}"' in page
        form = re.search(r'action="/dashboard/(enter[^"]+)"', page)
        assert form
        wrong = await send(made, form[1], key="nlk_unknown")
        assert form[0] in wrong.text
        entered = await send(made, form[1], key=BOOTSTRAP_KEY)
        assert (entered.status_code, entered.headers["location"]) == (303, address)


@pytest.mark.parametrize(
    "other",
    ["https://evil.example/dashboard", "//evil.example", "/dashboards", "/dashboard\\evil",
     "/dashboard/\r\nx: y", "javascript:alert(1)", "/dashboard/é", "/dashboard/" + "a" * 2001],
)  # fmt: skip
async def test_a_login_leads_to_no_page_but_ours(world: World, other: str) -> None:
    path = f"login?{urlencode({'next': other})}"
    async with client(world.url, None) as made:
        assert 'data-then="/dashboard/start"' in (await made.get(f"/dashboard/{path}")).text
        made.headers["x-proof"] = ""
        entered = await send(made, path.replace("login", "enter", 1), key=BOOTSTRAP_KEY)
        assert entered.headers["location"] == "/dashboard"


@pytest.mark.parametrize("body", [b"a=%ff", b"a=%00", "a=é".encode(), b"a=1&" * 5_000])
async def test_a_form_that_no_page_of_ours_sends_is_refused(world: World, body: bytes) -> None:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    async with browser(world) as made:
        refused = await made.post("/dashboard/review/skip", content=body, headers=kind)
        assert refused.status_code == 422
        elsewhere = await world.admin.post("/v1/predictions", content=b"a=1", headers=kind)
        assert elsewhere.status_code == 415


async def test_every_answer_of_the_dashboard_runs_only_its_own_script(world: World) -> None:
    async with browser(world) as made:
        for path in [*PAGES, "/dashboard/login", *(f"/dashboard/static/{one}" for one in STATIC)]:
            answer = await made.get(path)
            assert answer.status_code == 200
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self';")
            assert "unsafe" not in policy
            if answer.headers["content-type"].startswith("text/html"):
                assert not re.search(
                    r"<script(?![^>]* src=)|\sstyle=|\son\w+=|https?://", answer.text
                )
        assert (await made.get("/dashboard/static/..%2fpages.py")).status_code in {404, 422}


async def test_texts_of_users_are_shown_as_text_wherever_they_stand(
    world: World, task: str
) -> None:
    log_id = await world.log(
        task=task,
        prompt=HOSTILE,
        predicted_intent=HOSTILE,
        secondary_intents=[{"intent": HOSTILE, "confidence": 0.1}],
        model_version=HOSTILE,
        output={HOSTILE: HOSTILE},
    )
    ended = {"was_successful": False, "execution_error": HOSTILE}
    await world.admin.post(f"/v1/predictions/{log_id}/outcome", json=ended)
    correction = {"corrected_output": HOSTILE, "correction_notes": HOSTILE}
    async with browser(world) as made:
        pages = [await made.get(f"/dashboard/review?task={task}&queue={one}") for one in Queue]
        async with await world.key("corrections:write") as colleague:
            path = f"/v1/predictions/{log_id}/corrections"
            assert (
                await colleague.post(path, json=correction)
            ).status_code == 409  # held by this page
        await world.release(log_id)
        async with await world.key("corrections:write") as colleague:
            assert (await colleague.post(path, json=correction)).status_code == 201
        pages.append(await made.get(f"/dashboard/review?queue=proposed&task={task}"))
        pages.append(await made.get("/dashboard", params={"task": task}))
        pages.append(await made.get("/dashboard/predictions", params={"task": task}))
        pages.append(await made.get("/dashboard/predictions", params={"text": HOSTILE}))
        pages.append(await made.get(f"/dashboard/predictions/{log_id}"))
    for page in pages:
        assert page.status_code == 200
        assert not Foreign(page.text).violations
    assert sum("&lt;script&gt;" in page.text for page in pages) >= 7


async def test_a_key_limited_to_a_task_sees_its_task_alone(world: World, task: str) -> None:
    await world.log(task=task, prompt="this is mine")
    await world.log(task=f"{task}-other", prompt="this is not")
    key = await key_for(world, "insights:read", "reviews:read", "predictions:read", tasks=[task])
    async with browser(world, key) as made:
        overview = (await made.get("/dashboard")).text
        assert task in overview
        assert f"{task}-other" not in overview
        for path in ("review", "predictions"):
            shown = (await made.get(f"/dashboard/{path}")).text
            assert "this is mine" in shown
            assert "this is not" not in shown
            assert f"{task}-other" not in shown
        assert (await made.get(f"/dashboard?task={task}-other")).status_code == 403


async def test_the_address_of_the_service_leads_a_browser_to_its_pages(world: World) -> None:
    page = {"accept": "text/html,*/*"}
    async with client(world.url, None) as stranger:
        led = await stranger.get("/", headers=page, follow_redirects=True)
        assert (led.status_code, led.url.path) == (200, "/dashboard/login")
        assert (await stranger.get("/")).json()["code"] == "not_found"
    async with browser(world, await key_for(world, "reviews:read")) as reviewer:
        led = await reviewer.get("/", headers=page, follow_redirects=True)
        assert (led.status_code, led.url.path) == (200, "/dashboard/review")


async def test_who_may_not_see_the_insights_starts_where_they_may(world: World) -> None:
    async with browser(world, await key_for(world, "reviews:read")) as reviewer:
        start = await reviewer.get("/dashboard/start")
        assert start.headers["location"] == "/dashboard/review"
