"""Who may come in by a key, and what becomes of keys."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from nlu_shared.ids import uuid7
from nlu_shared.kit.access import auth, keys
from nlu_shared.kit.access.auth import Authenticator, Caller
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import NotFound, Unauthenticated
from nlu_shared.schemas.keys import KeyIn, KeyMade
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.fixtures.databases import BOOTSTRAP_KEY
from tests.fixtures.stack import until

TESTER = Caller(subject="a test", scopes=frozenset({auth.ADMIN}))
SOMEBODY = Caller(subject="somebody", scopes=frozenset({auth.ADMIN}))


@pytest.fixture
def door(database: Database, app: Identity) -> Authenticator:
    return Authenticator(
        database,
        app,
        cache_seconds=0,
    )


async def made(database: Database, app: Identity, **fields: Any) -> KeyMade:
    key = KeyIn.model_validate({"name": "of a test", "scopes": ["runs:read"], **fields})
    async with session_scope(database, app) as session:
        return await keys.create(session, key, caller=TESTER)


async def test_a_key_opens_what_its_scopes_say(
    database: Database, app: Identity, door: Authenticator
) -> None:
    key = await made(database, app, tasks=["greetings"])
    caller = await door.authenticate(key.key)
    assert caller.has("runs:read")
    assert not caller.has("runs:write")
    assert (caller.may_touch("greetings"), caller.may_touch("others")) == (True, False)
    assert caller.subject == f"key:{key.id}"
    assert caller.user_id is None


async def test_the_administrators_key_opens_everything(door: Authenticator) -> None:
    caller = await door.authenticate(BOOTSTRAP_KEY)
    assert caller.has("runs:write")
    assert caller.may_touch("anything")


@pytest.mark.parametrize("ago", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
async def test_an_expired_key_opens_nothing(
    database: Database, app: Identity, door: Authenticator, ago: timedelta
) -> None:
    key = await made(database, app, expires_at=datetime.now(UTC) - ago)
    with pytest.raises(Unauthenticated):
        await door.authenticate(key.key)


async def test_a_key_that_will_expire_still_opens(
    database: Database, app: Identity, door: Authenticator
) -> None:
    key = await made(database, app, expires_at=datetime.now(UTC) + timedelta(minutes=1))
    assert (await door.authenticate(key.key)).has("runs:read")


async def test_a_revoked_key_opens_nothing_and_stays_revoked(
    database: Database, app: Identity, door: Authenticator, owner: asyncpg.Connection
) -> None:
    key = await made(database, app)
    await door.authenticate(key.key)
    moments = []
    for _ in range(2):
        async with session_scope(database, app) as session:
            await keys.revoke(session, key.id, caller=TESTER)
        revoked = "SELECT revoked_at FROM api_keys WHERE id = $1"
        moments.append(await owner.fetchval(revoked, key.id))
    assert moments[0] == moments[1]
    with pytest.raises(Unauthenticated):
        await door.authenticate(key.key)


async def test_a_cached_key_is_trusted_for_the_caches_seconds_and_no_longer(
    database: Database, app: Identity
) -> None:
    keeps, forgets = (Authenticator(database, app, cache_seconds=kept) for kept in (3_600, 0.3))
    key = await made(database, app)
    for door in (keeps, forgets):
        await door.authenticate(key.key)
    async with session_scope(database, app) as session:
        await keys.revoke(session, key.id, caller=TESTER)

    async def refused() -> bool:
        try:
            await forgets.authenticate(key.key)
        except Unauthenticated:
            return True
        return False

    await until(refused)
    await keeps.authenticate(key.key)


async def test_callers_who_come_at_once_with_one_key_hold_one_connection(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    door = Authenticator(database, app, cache_seconds=5)
    key = await made(database, app)
    async with owner.transaction():
        await owner.execute("LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE")
        callers = [asyncio.create_task(door.authenticate(key.key)) for _ in range(50)]
        await asyncio.sleep(0)
        async with session_scope(database, app) as session:
            assert (await session.execute(text("SELECT 1"))).scalar_one() == 1
    assert {caller.subject for caller in await asyncio.gather(*callers)} == {f"key:{key.id}"}


async def test_only_hashes_are_stored(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    texts = [BOOTSTRAP_KEY, (await made(database, app)).key]
    rows = [str(tuple(row)) for row in await owner.fetch("SELECT * FROM api_keys")]
    for key in texts:
        assert not any(key in row or key.removeprefix("nlk_") in row for row in rows)
        assert sum(auth.hash_key(key) in row for row in rows) == 1


async def test_a_listed_key_shows_everything_but_itself(database: Database, app: Identity) -> None:
    key = await made(database, app, tasks=["greetings"])
    async with session_scope(database, app) as session:
        listed = {one.id: one for one in await keys.every(session, caller=keys.COMMAND_LINE)}
    assert listed[key.id].tasks == ["greetings"]
    assert key.key not in str(listed)


async def test_a_key_from_elsewhere_is_stored_once(
    database: Database, app: Identity, door: Authenticator
) -> None:
    key = keys.new_key()
    for scopes in (["runs:read"], ["admin"]):
        async with session_scope(database, app) as session:
            await keys.ensure(session, key, name="given", scopes=scopes)
    assert (await door.authenticate(key)).scopes == {"runs:read"}


async def test_a_key_nobody_made_cannot_be_revoked(database: Database, app: Identity) -> None:
    with pytest.raises(NotFound):
        async with session_scope(database, app) as session:
            await keys.revoke(session, uuid7(), caller=TESTER)


async def rotated(
    database: Database, app: Identity, key: KeyMade, grace: timedelta = timedelta(hours=1)
) -> KeyMade:
    async with session_scope(database, app) as session:
        return await keys.rotate(session, key.id, grace=grace, caller=TESTER)


async def test_a_rotated_key_is_followed_by_one_that_may_do_the_same(
    database: Database, app: Identity, door: Authenticator
) -> None:
    old = await made(database, app, tasks=["greetings"])
    new = await rotated(database, app, old)
    assert (new.name, new.scopes, new.tasks, new.expires_at) == (
        old.name, old.scopes, old.tasks, None,
    )  # fmt: skip
    for key in (old.key, new.key):
        assert (await door.authenticate(key)).tasks == {"greetings"}
    async with session_scope(database, app) as session:
        listed = {
            one.id: one.expires_at for one in await keys.every(session, caller=keys.COMMAND_LINE)
        }
    assert listed[new.id] is None
    assert (ends := listed[old.id]) is not None
    assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=1)


async def test_without_grace_the_old_key_ends_at_once(
    database: Database, app: Identity, door: Authenticator
) -> None:
    old = await made(database, app)
    new = await rotated(database, app, old, timedelta(0))
    assert await door.authenticate(new.key)
    with pytest.raises(Unauthenticated):
        await door.authenticate(old.key)


async def test_grace_never_lengthens_a_life_and_the_next_key_lives_as_long(
    database: Database, app: Identity
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=30)
    old = await made(database, app, expires_at=soon)
    new = await rotated(database, app, old)
    assert new.expires_at is not None
    assert timedelta(0) <= new.expires_at - soon < timedelta(minutes=1)
    async with session_scope(database, app) as session:
        listed = {
            one.id: one.expires_at for one in await keys.every(session, caller=keys.COMMAND_LINE)
        }
    assert listed[old.id] == soon


async def test_a_key_that_opens_nothing_is_not_rotated(database: Database, app: Identity) -> None:
    expired = await made(database, app, expires_at=datetime.now(UTC))
    revoked = await made(database, app)
    async with session_scope(database, app) as session:
        await keys.revoke(session, revoked.id, caller=TESTER)
    for key in (expired, revoked):
        with pytest.raises(NotFound):
            await rotated(database, app, key)


async def test_what_happens_to_a_key_is_in_the_audit_log_and_the_key_is_not(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    old = await made(database, app)
    new = await rotated(database, app, old)
    async with session_scope(database, app) as session:
        await keys.revoke(session, old.id, caller=SOMEBODY)
    lines = await owner.fetch("SELECT * FROM audit_log WHERE subject = $1 ORDER BY id", str(old.id))
    assert [(line["actor"], line["action"]) for line in lines] == [
        ("a test", "keys.create"),
        ("a test", "keys.rotate"),
        ("somebody", "keys.revoke"),
    ]
    assert str(new.id) in lines[1]["details"]
    assert not any(key in str(lines) for key in (old.key, new.key))


async def test_no_line_of_the_audit_log_is_ever_changed(database: Database, app: Identity) -> None:
    for statement in ("UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with session_scope(database, app) as session:
                await session.execute(text(statement))


async def test_keys_are_long_and_all_different() -> None:
    made = {keys.new_key() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(key.startswith("nlk_") and len(key) == 47 for key in made)


async def test_many_callers_with_one_key_are_the_same_caller(
    database: Database, app: Identity
) -> None:
    door = Authenticator(database, app, cache_seconds=5)
    key = await made(database, app)
    callers = await asyncio.gather(*(door.authenticate(key.key) for _ in range(20)))
    assert {caller.subject for caller in callers} == {f"key:{key.id}"}
