"""One transaction, one identity, one commit."""

import asyncio

import asyncpg
import pytest
from nlu_shared.ids import uuid7
from nlu_shared.kit.data.db import (
    Database,
    Identity,
    open_database,
    require_ordinary_login,
    session_scope,
    snapshot_scope,
)
from nlu_shared.kit.errors import NotFound, Unavailable
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.fixtures.databases import Clone

INSERT = text("INSERT INTO tasks (slug, kind, labels) VALUES (:slug, 'intent', '[]')")


async def kept(owner: asyncpg.Connection, slug: str) -> bool:
    return bool(await owner.fetchval("SELECT 1 FROM tasks WHERE slug = $1", slug))


async def test_what_a_scope_wrote_is_there_after_it(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    async with session_scope(database, app) as session:
        await session.execute(INSERT, {"slug": "kept"})
        assert not await kept(owner, "kept")
    assert await kept(owner, "kept")


async def test_an_error_inside_a_scope_undoes_all_of_it_and_goes_through(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    async def write_and_fail() -> None:
        async with session_scope(database, app) as session:
            await session.execute(INSERT, {"slug": "undone"})
            raise NotFound

    with pytest.raises(NotFound):
        await write_and_fail()
    assert not await kept(owner, "undone")


async def test_a_scope_acts_for_its_role_and_user_and_leaves_nothing_behind(
    database: Database,
) -> None:
    who = Identity("induction_app", user_id=uuid7())
    query = text("SELECT current_user::text, current_setting('app.user_id', true)")
    async with session_scope(database, who) as session:
        assert tuple((await session.execute(query)).one()) == ("induction_app", str(who.user_id))
    async with session_scope(database, Identity("induction_app")) as session:
        assert tuple((await session.execute(query)).one()) == ("induction_app", "")
    async with database.engine.connect() as bare:
        assert not (await bare.execute(query)).one()[1]


async def test_an_identity_the_login_may_not_take_is_refused(database: Database) -> None:
    for role in ("induction_owner", "postgres", "nobody-at-all"):
        with pytest.raises(DBAPIError):
            async with session_scope(database, Identity(role)):
                pass


async def test_a_snapshot_sees_one_moment_and_changes_nothing(
    database: Database, app: Identity
) -> None:
    count = "SELECT count(*) FROM tasks"
    async with snapshot_scope(database, app) as connection:
        before = await connection.fetchval(count)
        async with session_scope(database, app) as session:
            await session.execute(INSERT, {"slug": "meanwhile"})
        assert await connection.fetchval(count) == before
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("DELETE FROM tasks")


async def test_a_database_that_is_away_is_unavailable(app: Identity) -> None:
    async with open_database("postgresql://nobody:x@127.0.0.1:1/nowhere") as away:
        with pytest.raises(Unavailable) as refused:
            async with session_scope(away, app):
                pass
        assert refused.value.headers["Retry-After"].isdigit()
        with pytest.raises(Unavailable):
            async with snapshot_scope(away, app):
                pass


async def test_a_connection_cut_by_the_server_is_unavailable_and_the_next_one_works(
    database: Database, app: Identity, owner: asyncpg.Connection, clone: Clone
) -> None:
    admin = await asyncpg.connect(clone.admin_url)

    async def write_and_be_cut() -> None:
        async with session_scope(database, app) as session:
            mine = (await session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await admin.execute("SELECT pg_terminate_backend($1)", mine)
            await session.execute(INSERT, {"slug": "cut"})

    with pytest.raises(Unavailable):
        await write_and_be_cut()
    await admin.close()
    async with session_scope(database, app) as session:
        await session.execute(INSERT, {"slug": "after"})
    assert not await kept(owner, "cut")
    assert await kept(owner, "after")


async def test_a_superuser_is_not_an_ordinary_login(database: Database, clone: Clone) -> None:
    await require_ordinary_login(database)
    async with open_database(clone.admin_url) as almighty:
        with pytest.raises(RuntimeError, match="row-level security"):
            await require_ordinary_login(almighty)


async def test_of_two_that_wait_for_each_other_one_may_send_again(
    database: Database, app: Identity
) -> None:
    for slug in ("one", "two"):
        async with session_scope(database, app) as session:
            await session.execute(INSERT, {"slug": slug})
    change = text("UPDATE tasks SET labels = '[1]' WHERE slug = :slug")
    met = asyncio.Barrier(2)

    async def both(first: str, then: str) -> None:
        async with session_scope(database, app) as session:
            await session.execute(change, {"slug": first})
            await met.wait()
            await session.execute(change, {"slug": then})

    ends = await asyncio.gather(both("one", "two"), both("two", "one"), return_exceptions=True)
    assert {type(end) for end in ends} == {type(None), Unavailable}
