"""The pages by HTTP: who gets in, what a page may run, and that text stays text."""

import re
from contextlib import AbstractAsyncContextManager

import httpx2
import pytest
from nlu_logger.dashboard import routes
from nlu_shared.schemas.queues import Queue

from tests.fixtures import browsing
from tests.fixtures.browsing import HOSTILE, Foreign
from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import client
from tests.nlu_logger.world import World, connected

DESKS = [f"/dashboard/review?queue={name}" for name in routes.OTHERS]
STATIC = ("page.js", "review.js", "page.css", "icon.svg")
PAGES = ["/dashboard", "/dashboard/review", *DESKS]


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
        assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/login")
        stranger.cookies.set(routes.HOUSE.cookie, "a-guess")
        assert (await stranger.get(path)).status_code == 303


async def test_a_login_is_a_cookie_that_scripts_cannot_read_and_a_hash_in_the_database(
    world: World,
) -> None:
    async with client(world.url, None) as made:
        answer = await made.post("/dashboard/login", json={"key": BOOTSTRAP_KEY})
        said = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/dashboard"} <= set(said.split("; "))
        token = made.cookies[routes.HOUSE.cookie]
        assert BOOTSTRAP_KEY not in said
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
            assert answer.status_code == 401
            assert "set-cookie" not in answer.headers


async def test_logging_out_and_revoking_end_a_login(world: World) -> None:
    async with browser(world) as made:
        token = made.cookies[routes.HOUSE.cookie]
        assert (await made.post("/dashboard/logout", json={})).status_code == 204
        made.cookies.set(routes.HOUSE.cookie, token)
        assert (await made.get("/dashboard")).status_code == 303
    asked = {"name": "short", "scopes": ["insights:read"]}
    key = (await world.admin.post("/v1/admin/keys", json=asked)).json()
    async with browser(world, key["key"]) as made:
        assert (await made.get("/dashboard")).status_code == 200
        await world.admin.delete(f"/v1/admin/keys/{key['id']}")
        assert (await made.get("/dashboard")).status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "logout",
        "queues/audit/claim",
        "predictions/01890000-0000-7000-8000-000000000000/confirm",
        "predictions/01890000-0000-7000-8000-000000000000/correct",
        "corrections/01890000-0000-7000-8000-000000000000/approve",
        "corrections/01890000-0000-7000-8000-000000000000/reject",
        "cases/01890000-0000-7000-8000-000000000000/clear",
        "cases/01890000-0000-7000-8000-000000000000/withdraw",
        "conflicts/01890000-0000-7000-8000-000000000000/settle",
    ],
)
async def test_a_change_needs_a_login_its_proof_and_the_scope(world: World, path: str) -> None:
    address = f"/dashboard/{path}"
    async with client(world.url, None) as stranger:
        assert (await stranger.post(address, json={})).status_code == 401
    async with browser(world, await key_for(world, "reviews:read")) as weak:
        proof = weak.headers.pop("x-proof")
        for forged in ({}, {"x-proof": "0" * 64}, {"x-proof": "é".encode()}):
            refused = await weak.post(address, json={}, headers=forged)
            assert (refused.status_code, refused.json()["code"]) == (403, "no_proof")
        if path != "logout":
            refused = await weak.post(address, json={}, headers={"x-proof": proof})
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


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
    said = {"corrected_output": HOSTILE, "correction_notes": HOSTILE}
    async with browser(world) as made:
        pages = [await made.get(f"/dashboard/review?task={task}&queue={one}") for one in Queue]
        await world.admin.post(f"/v1/predictions/{log_id}/corrections", json=said)
        pages.append(await made.get("/dashboard/review?queue=proposed"))
        pages.append(await made.get("/dashboard", params={"task": task}))
    for page in pages:
        assert page.status_code == 200
        assert not Foreign(page.text).found
    assert sum("&lt;script&gt;" in page.text for page in pages) >= 4


async def test_every_list_of_the_desk_shows_the_chosen_task_alone(world: World, task: str) -> None:
    for name in (task, f"{task}-other"):
        await world.correct(await world.log(task=name, prompt=f"said of {name}."), "leave")
    async with browser(world) as made:
        chosen = (await made.get(f"/dashboard/review?queue=proposed&task={task}")).text
        every = (await made.get("/dashboard/review?queue=proposed")).text
    assert f"said of {task}." in chosen
    assert f"said of {task}-other." not in chosen
    assert f"said of {task}-other." in every


async def test_a_key_limited_to_a_task_sees_its_task_alone(world: World, task: str) -> None:
    await world.log(task=task, prompt="this is mine")
    await world.log(task=f"{task}-other", prompt="this is not")
    key = await key_for(world, "insights:read", "reviews:read", tasks=[task])
    async with browser(world, key) as made:
        overview = (await made.get("/dashboard")).text
        assert task in overview
        assert f"{task}-other" not in overview
        queue = (await made.get("/dashboard/review")).text
        assert "this is mine" in queue
        assert "this is not" not in queue
        assert (await made.get(f"/dashboard?task={task}-other")).status_code == 403


async def test_reviewers_without_insights_start_at_the_desk_and_see_who_holds_what(
    world: World, task: str
) -> None:
    await world.log(task=task, prompt="held by the first")
    scopes = ("reviews:read", "reviews:claim")
    keys = [await key_for(world, *scopes, tasks=[task]) for _ in range(2)]
    async with browser(world, keys[0]) as first, browser(world, keys[1]) as second:
        start = await first.get("/dashboard/start")
        assert start.headers["location"] == "/dashboard/review"
        claimed = await first.post("/dashboard/queues/low-confidence/claim", json={})
        assert claimed.status_code == 204
        assert "Held by you" in (await first.get("/dashboard/review")).text
        assert "Held by another reviewer" in (await second.get("/dashboard/review")).text
