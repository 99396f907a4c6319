"""An administrator of some tasks: what the key has it can give, see and end, and no more."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from nlu_logger.migrations import migrate
from nlu_shared.kit.access import keys
from nlu_shared.kit.access.auth import Caller

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import client
from tests.nlu_logger.world import World, opened

NOW = datetime(2026, 11, 28, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULE = {"kind": "error_rate", "name": "errors"}
CHANNELS = [{"kind": "slack", "url": "https://hooks.example.org/x"}]


@pytest.fixture(scope="module")
async def limited(world: World) -> AsyncIterator[httpx2.AsyncClient]:
    async with await world.key("admin", tasks=["mine"]) as made:
        yield made


@pytest.mark.parametrize(
    ("scopes", "tasks", "until", "may"),
    [
        (["runs:read"], ["mine"], NOW, True),
        (["runs:read"], ["mine", "ours"], NOW - HOUR, True),
        (["runs:read"], [], NOW, True),
        (["runs:write"], ["mine"], NOW, False),
        (["admin"], ["mine"], NOW, False),
        (["runs:read", "runs:write"], ["mine"], NOW, False),
        (["runs:read"], None, NOW, False),
        (["runs:read"], ["theirs"], NOW, False),
        (["runs:read"], ["mine", "theirs"], NOW, False),
        (["runs:read"], ["mine"], None, False),
        (["runs:read"], ["mine"], NOW + HOUR, False),
    ],
)
def test_a_key_gives_what_it_has_and_no_more(
    scopes: list[str], tasks: list[str] | None, until: datetime | None, may: bool
) -> None:
    giver = Caller(
        subject="key:x",
        scopes=frozenset({"runs:read"}),
        tasks=frozenset({"mine", "ours"}),
        expires_at=NOW,
    )
    assert giver.may_give(scopes, tasks, until) is may
    assert keys.COMMAND_LINE.may_give(scopes, tasks, until)


async def test_it_makes_keys_for_its_own_tasks_only(limited: httpx2.AsyncClient) -> None:
    for tasks, expected in ((["mine"], 201), (None, 403), (["theirs"], 403), (["mine", "a"], 403)):
        body = {"name": "made by a limited one", "scopes": ["admin"], "tasks": tasks}
        answer = await limited.post("/v1/admin/keys", json=body)
        assert answer.status_code == expected, answer.text


async def test_it_sees_rotates_and_ends_its_own_tasks_keys_only(
    world: World, limited: httpx2.AsyncClient
) -> None:
    made = {}
    for name, tasks in (("mine", ["mine"]), ("theirs", ["theirs"]), ("everything", None)):
        body = {"name": name, "scopes": ["predictions:read"], "tasks": tasks}
        made[name] = (await world.admin.post("/v1/admin/keys", json=body)).json()["id"]
    listed = {key["id"] for key in (await limited.get("/v1/admin/keys")).json()}
    assert listed & set(made.values()) == {made["mine"]}
    for name, identifier in made.items():
        path = f"/v1/admin/keys/{identifier}"
        rotated = await limited.post(f"{path}:rotate", json={})
        ended = await limited.delete(path)
        expected = (201, 204) if name == "mine" else (403, 403)
        assert (rotated.status_code, ended.status_code) == expected


async def test_a_key_that_ends_makes_none_that_lasts_longer(world: World) -> None:
    soon = (datetime.now(UTC) + HOUR).isoformat()
    body = {"name": "for an hour", "scopes": ["admin"], "expires_at": soon}
    made = (await world.admin.post("/v1/admin/keys", json=body)).json()
    async with client(world.url, made["key"]) as brief:
        for expires_at, expected in ((soon, 201), (None, 403)):
            more = {"name": "x", "scopes": ["admin"], "expires_at": expires_at}
            answer = await brief.post("/v1/admin/keys", json=more)
            assert answer.status_code == expected
        itself = await brief.post(f"/v1/admin/keys/{made['id']}:rotate", json={})
        assert itself.status_code == 403


async def test_the_audit_log_of_all_tasks_is_closed_to_it(limited: httpx2.AsyncClient) -> None:
    assert (await limited.get("/v1/admin/audit")).status_code == 403


async def test_alerts_are_those_of_its_tasks(world: World, limited: httpx2.AsyncClient) -> None:
    made = {}
    for task in ("mine", "theirs", None):
        body: dict[str, Any] = {"rule": RULE | {"task": task}, "channels": CHANNELS}
        mine = await limited.post("/v1/admin/alerts", json=body)
        assert mine.status_code == (201 if task == "mine" else 403), mine.text
        made[task] = (await world.admin.post("/v1/admin/alerts", json=body)).json()["id"]
    seen = {alert["rule"]["task"] for alert in (await limited.get("/v1/admin/alerts")).json()}
    assert seen == {"mine"}
    for task, identifier in made.items():
        path = f"/v1/admin/alerts/{identifier}"
        incidents = await limited.get(f"{path}/incidents")
        gone = await limited.delete(path)
        assert (incidents.status_code, gone.status_code) == (
            (200, 204) if task == "mine" else (403, 403)
        )


async def test_schedules_are_those_of_its_tasks(
    databases: Databases, servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("exports")
    async with (
        opened(databases, servers, export_dir=folder) as world,
        await world.key("admin", tasks=["mine"]) as limited,
    ):
        made = {}
        for name, task in (("mine", "mine"), ("theirs", "theirs"), ("everything", None)):
            body = {"name": name, "what": {"task": task}}
            answer = await world.admin.post("/v1/admin/schedules", json=body)
            assert answer.status_code == 201, answer.text
            made[name] = answer.json()["id"]
        assert (await limited.post("/v1/admin/schedules", json={"name": "own"})).status_code == 201
        seen = [one["name"] for one in (await limited.get("/v1/admin/schedules")).json()]
        assert seen == ["mine", "own"]
        for name, identifier in made.items():
            gone = await limited.delete(f"/v1/admin/schedules/{identifier}")
            assert gone.status_code == (204 if name == "mine" else 404)


async def test_a_new_key_in_the_settings_ends_the_one_before(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as world:
        named = {"name": "bootstrap", "scopes": ["predictions:read"]}
        namesake = (await world.admin.post("/v1/admin/keys", json=named)).json()["key"]
        urls = {"owner_url": world.database.owner_url, "login_url": world.database.app_url}
        first, second = keys.new_key(), keys.new_key()
        for key, ended in ((first, BOOTSTRAP_KEY), (second, first), (second, first)):
            await migrate(**urls, bootstrap_key=key)
            for shown, expected in ((key, 200), (ended, 401), (namesake, 200)):
                async with client(world.url, shown) as caller:
                    seen = await caller.get("/v1/predictions")
                    assert seen.status_code == expected
