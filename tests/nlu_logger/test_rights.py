"""Who may do what: scopes on every route, row-level security beneath them, keys and their tasks."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import asyncpg
import jwt
import nlu_logger.app
import pytest
from nlu_logger.migrations import migrate
from nlu_logger.resources import open_resources
from nlu_logger.settings import Settings
from nlu_shared.ids import uuid7

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.servers import Servers
from tests.fixtures.stack import JWT_SECRET, client
from tests.nlu_logger.world import HELLO, World, connected

UNUSED = "postgresql://nobody@127.0.0.1:1/none"
OPEN = nlu_logger.app.build(Settings(database_url=UNUSED, redis_url="redis://127.0.0.1:1"))


def calls() -> Iterator[tuple[str, str]]:
    for path, methods in OPEN.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path


@pytest.mark.parametrize(("method", "path"), list(calls()))
async def test_every_call_needs_a_key_and_the_right_one(
    world: World, method: str, path: str
) -> None:
    """Asked before anything else: neither body nor path is looked at without the scope."""
    address = path.replace("{", "").replace("}", "")
    other = "findings:write" if path.startswith("/v1/users") else "users:erase"
    async with client(world.url, None) as nobody, await world.key(other) as weak:
        assert (await nobody.request(method, address)).status_code == 401
        refused = await weak.request(method, address)
    assert refused.status_code == 403
    assert refused.json()["code"] == "forbidden"


def test_the_openapi_document_knows_every_v1_route() -> None:
    """The walk above is only as complete as this document."""
    documented = {path for _, path in calls()}
    assert {"/v1/predictions:batch", "/v1/ground-truth", "/v1/admin/keys"} <= documented
    assert all(path.startswith("/v1/") for path in documented)


@pytest.mark.parametrize(
    "credential",
    [
        "nlk_unknown",
        "no.such.token",
        jwt.encode({"sub": str(uuid4()), "exp": 1, "aud": "authenticated"}, JWT_SECRET, "HS256"),
        jwt.encode({"sub": str(uuid4()), "exp": 9e9, "aud": "other"}, JWT_SECRET, "HS256"),
        jwt.encode({"sub": "not an id", "exp": 9e9, "aud": "authenticated"}, JWT_SECRET, "HS256"),
        jwt.encode({"sub": str(uuid4()), "exp": 9e9, "aud": "authenticated"}, "x" * 32, "HS256"),
        jwt.encode({"sub": str(uuid4()), "exp": 9e9, "aud": "authenticated"}, None, "none"),
    ],
)
async def test_a_credential_that_proves_nothing_is_refused(world: World, credential: str) -> None:
    async with client(world.url, credential) as stranger:
        answer = await stranger.get("/v1/predictions")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_two_users_never_meet(world: World) -> None:
    one, other = uuid4(), uuid4()
    async with world.user(one) as ann, world.user(other) as ben:
        log_id = (await ann.post("/v1/predictions", json=HELLO)).json()["log_id"]
        path = f"/v1/predictions/{log_id}"
        mine = (await ann.get(path)).json()
        assert mine["user_id"] == str(one)
        assert [row["id"] for row in (await ann.get("/v1/predictions")).json()["items"]] == [log_id]

        assert (await ben.get("/v1/predictions")).json()["items"] == []
        assert (await ben.get(path)).status_code == 404
        ended = {"was_successful": False}
        assert (await ben.post(f"{path}/outcome", json=ended)).status_code == 404
        body = {"corrected_intent": "stolen"}
        assert (await ben.post(f"{path}/corrections", json=body)).status_code == 404
        assert (await ben.post(f"{path}/confirm", json={})).status_code == 404
        forged = HELLO | {"user_id": str(one)}
        assert (await ben.post("/v1/predictions", json=forged)).status_code == 403
        batch = (await ben.post("/v1/predictions:batch", json=[forged, HELLO])).json()["items"]
        assert [item["status"] for item in batch] == [403, 201]

        assert (await ann.get(path)).json() == mine
        assert (await ann.post(f"{path}/corrections", json=body)).status_code == 201
        assert (await ann.get("/v1/reviews/queues/low-confidence")).status_code == 403


async def test_row_level_security_holds_in_sql_without_the_service(world: World) -> None:
    one, other = uuid4(), uuid4()
    log_id = await world.log(user_id=str(one))
    await world.correct(log_id, "x")
    async with connected(world.database.app_url) as app:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.fetch("SELECT * FROM nlu_prompt_logs")

        async def seen_by(user: Any) -> tuple[int, int]:
            async with app.transaction():
                await app.execute("SET LOCAL ROLE nlu_logger_user")
                await app.execute("SELECT set_config('app.user_id', $1, true)", str(user or ""))
                logs = await app.fetchval("SELECT count(*) FROM nlu_prompt_logs")
                return logs, await app.fetchval("SELECT count(*) FROM corrections")

        assert await seen_by(one) == (1, 1)
        assert await seen_by(other) == (0, 0)
        assert await seen_by(None) == (0, 0)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("user", "SELECT * FROM ground_truth"),
        ("user", "SELECT * FROM api_keys"),
        ("user", "DELETE FROM nlu_prompt_logs"),
        ("user", "UPDATE nlu_prompt_logs SET user_id = NULL"),
        ("user", "UPDATE corrections SET status = 'approved'"),
        ("service", "INSERT INTO ground_truth SELECT * FROM ground_truth"),
        ("service", "UPDATE nlu_prompt_logs SET prompt = ''"),
        ("service", "SELECT * FROM api_keys"),
        ("reviewer", "UPDATE ground_truth SET truth = '1'"),
        ("writer", "SELECT prompt FROM nlu_prompt_logs"),
        ("writer", "UPDATE nlu_prompt_logs SET prompt = ''"),
        ("job", "UPDATE api_keys SET scopes = '{admin}'"),
        ("admin", "DELETE FROM nlu_prompt_logs"),
        ("admin", "SELECT * FROM nlu_prompt_logs_default"),
    ],
)
async def test_each_role_has_no_more_rights_than_it_needs(
    world: World, role: str, statement: str
) -> None:
    async with connected(world.database.app_url) as app, app.transaction():
        await app.execute(f"SET LOCAL ROLE nlu_logger_{role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with app.transaction():
                await app.execute(statement)


async def test_nobody_proposes_what_is_decided_already(world: World) -> None:
    """The state machine's first step is held by the database too."""
    log_id = await world.log()
    async with connected(world.database.app_url) as app, app.transaction():
        await app.execute("SET LOCAL ROLE nlu_logger_service")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with app.transaction():
                await app.execute(
                    "INSERT INTO corrections (id, prediction_id, author, status,"
                    " is_confirmation, body_hash, ground_truth_id)"
                    " VALUES ($1, $2, 'me', 'approved', true, 'h', $1)",
                    uuid7(),
                    log_id,
                )


@pytest.mark.parametrize("bypass", ["superuser", "bypassrls"])
async def test_the_service_refuses_to_start_as_one_whom_row_security_does_not_bind(
    world: World, servers: Servers, bypass: str
) -> None:
    name = f"too_strong_{uuid4().hex[:8]}"
    async with connected(servers.admin_url) as admin:
        await admin.execute(f"CREATE ROLE {name} LOGIN {bypass} PASSWORD 'p'")
        await admin.execute(f"GRANT CONNECT ON DATABASE {world.database.name} TO {name}")
        address = world.database.app_url.rpartition("@")[2]
        settings = Settings(
            database_url=f"postgresql://{name}:p@{address}", redis_url=servers.redis_url
        )
        with pytest.raises(RuntimeError, match="superuser"):
            async with open_resources(settings):
                pass
        await admin.execute(f"DROP OWNED BY {name}")
        await admin.execute(f"REVOKE CONNECT ON DATABASE {world.database.name} FROM {name}")
        await admin.execute(f"DROP ROLE {name}")


async def test_a_key_limited_to_a_task_knows_no_other(world: World, task: str) -> None:
    mine, foreign = await world.log(task=task), await world.log(task=f"{task}-other")
    correction = await world.correct(foreign, "x")
    verbs = {
        "predictions": ("read", "write"),
        "outcomes": ("write",),
        "corrections": ("write",),
        "reviews": ("read", "decide"),
        "ground-truth": ("read", "write"),
    }
    scopes = [f"{room}:{verb}" for room, allowed in verbs.items() for verb in allowed]
    async with await world.key(*scopes, tasks=[task]) as limited:
        assert (await limited.get(f"/v1/predictions/{mine}")).status_code == 200
        for path in ("predictions", "reviews/queues/low-confidence"):
            shown = (await limited.get(f"/v1/{path}")).json()["items"]
            assert [one["id"] for one in shown] == [mine]
        path = f"/v1/predictions/{foreign}"
        assert (await limited.get(path)).status_code == 404
        ended = await limited.post(f"{path}/outcome", json={"was_successful": True})
        response = await limited.post(f"{path}/corrections", json={"corrected_intent": "y"})
        assert (ended.status_code, response.status_code) == (404, 404)
        for verb in ("approve", "reject", "reopen"):
            decided = await limited.post(f"/v1/corrections/{correction}/{verb}", json={})
            assert decided.status_code == 404
        other = {"task": f"{task}-other"}
        assert (await limited.post("/v1/predictions", json=HELLO | other)).status_code == 403
        assert (await limited.get("/v1/ground-truth", params=other)).status_code == 403
        case = {"text": "t", "truth": "l", **other}
        assert (await limited.post("/v1/ground-truth", json=case)).status_code == 403
        made = (await world.admin.post("/v1/ground-truth", json=case)).json()["id"]
        assert (await limited.delete(f"/v1/ground-truth/{made}")).status_code == 404


async def test_a_key_is_shown_once_and_stored_as_a_hash(world: World) -> None:
    made = await world.admin.post("/v1/admin/keys", json={"name": "ci", "scopes": ["admin"]})
    key, key_id = made.json()["key"], made.json()["id"]
    listed = await world.admin.get("/v1/admin/keys")
    assert key not in listed.text
    async with connected(world.database.owner_url) as owner:
        stored = await owner.fetchval(
            "SELECT row_to_json(k)::text FROM api_keys k WHERE id = $1", key_id
        )
    assert key not in stored
    async with client(world.url, key) as holder:
        assert (await holder.get("/v1/predictions")).status_code == 200
        assert (await world.admin.delete(f"/v1/admin/keys/{key_id}")).status_code == 204
        assert (await holder.get("/v1/predictions")).status_code == 401


async def test_an_expired_key_opens_nothing(world: World) -> None:
    body = {"name": "old", "scopes": ["admin"], "expires_at": "2099-01-01T00:00:00Z"}
    made = await world.admin.post("/v1/admin/keys", json=body)
    owner = await asyncpg.connect(world.superuser_url)
    await owner.execute("UPDATE api_keys SET expires_at = now() WHERE name = 'old'")
    await owner.close()
    async with client(world.url, made.json()["key"]) as holder:
        assert (await holder.get("/v1/predictions")).status_code == 401


async def test_migrating_again_changes_nothing_and_keeps_the_keys(world: World) -> None:
    log_id = await world.log()
    await migrate(
        admin_url=world.database.admin_url,
        owner_url=world.database.owner_url,
        login_url=world.database.app_url,
        bootstrap_key=BOOTSTRAP_KEY,
    )
    assert (await world.admin.get(f"/v1/predictions/{log_id}")).status_code == 200
