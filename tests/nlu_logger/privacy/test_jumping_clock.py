"""A clock that is wrong drops nothing: time has to have passed, or a person to say so."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from nlu_logger.anonymise.text import anonymiser
from nlu_logger.migrations import JOB
from nlu_logger.privacy import jobs
from nlu_shared.ids import uuid7
from nlu_shared.kit.data.db import Database, Identity, open_database, session_scope
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until
from tests.nlu_logger.test_processes import output_of
from tests.nlu_logger.world import World, connected, opened

pytestmark = pytest.mark.law

DAYS = 90


@pytest.fixture
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers) as made:
        yield made


@pytest.fixture
async def database(world: World) -> AsyncIterator[Database]:
    async with open_database(world.database.app_url) as made:
        yield made


@pytest.fixture
async def owner(world: World) -> AsyncIterator[asyncpg.Connection]:
    async with connected(world.database.owner_url) as made:
        yield made


async def enforce(database: Database) -> None:
    await jobs.enforce_once(database, Identity(JOB), DAYS, anonymiser())


async def clock_goes(owner: asyncpg.Connection, days: int) -> None:
    """The clock that retention reads, so many days ahead."""
    await owner.execute(
        "CREATE OR REPLACE FUNCTION retention_clock() RETURNS TIMESTAMPTZ LANGUAGE sql STABLE"
        f" AS 'SELECT now() + interval ''{days} days'''"
    )


async def log_at(owner: asyncpg.Connection, days: float) -> None:
    """A prediction so many days from now."""
    at = datetime.now(UTC) + timedelta(days=days)
    await owner.execute(
        "INSERT INTO nlu_prompt_logs (id, prompt, predicted_intent, confidence, created_at,"
        " body_hash) VALUES ($1, 'hello', 'greet', 0.9, $2, 'h')",
        uuid7(at),
        at,
    )


async def gauge(world: World, value: float) -> bool:
    """What is measured stands for some seconds, whoever asks."""

    async def shows() -> bool:
        page = await world.admin.get("/metrics")
        return f"retention_waits_for_a_person {value}" in page.text

    return bool(await until(shows))


async def left(owner: asyncpg.Connection) -> int:
    return int(await owner.fetchval("SELECT count(*) FROM nlu_prompt_logs"))


async def test_a_clock_that_jumped_drops_nothing_until_it_is_right_again(
    world: World, database: Database, owner: asyncpg.Connection
) -> None:
    await log_at(owner, -100)
    await world.correct(await world.log(), "leave")
    await enforce(database)
    await clock_goes(owner, 120)
    await log_at(owner, 120)
    before = await left(owner)
    for _ in range(3):
        await enforce(database)
    assert await left(owner) == before
    assert await owner.fetchval("SELECT count(*) FROM corrections") == 1
    assert await gauge(world, 1.0)
    await clock_goes(owner, 0)
    await log_at(owner, -150)
    await enforce(database)
    assert await left(owner) == before
    assert await gauge(world, 0.0)


async def test_a_worker_that_was_away_is_no_jump(
    database: Database, owner: asyncpg.Connection
) -> None:
    await owner.execute("UPDATE retention_looks SET looked_at = now() - interval '40 days'")
    await log_at(owner, -150)
    for days in range(-40, 0, 5):
        await log_at(owner, days)
    before = await left(owner)
    await enforce(database)
    assert await left(owner) == before - 1


async def test_a_hole_in_the_predictions_is_one(
    database: Database, owner: asyncpg.Connection
) -> None:
    await owner.execute("UPDATE retention_looks SET looked_at = now() - interval '40 days'")
    await log_at(owner, -150)
    for days in (-38, -36, -5, -1):
        await log_at(owner, days)
    before = await left(owner)
    await enforce(database)
    assert await left(owner) == before


async def test_a_person_who_knows_the_day_lets_it_go_on(
    world: World, database: Database, owner: asyncpg.Connection
) -> None:
    await owner.execute("UPDATE retention_looks SET looked_at = now() - interval '40 days'")
    await log_at(owner, -150)
    today = datetime.now(UTC).date()
    with pytest.raises(AssertionError):
        await output_of(world, "confirm-clock", str(today + timedelta(days=40)))
    await enforce(database)
    assert await left(owner) == 1
    assert await output_of(world, "confirm-clock", str(today)) == "confirmed"
    await enforce(database)
    assert await left(owner) == 0
    lines = await owner.fetch("SELECT action, actor FROM audit_log ORDER BY id")
    assert ("privacy.confirm-clock", "command-line") in [tuple(line) for line in lines]


async def test_the_database_drops_no_row_that_training_has_not_kept(
    database: Database, owner: asyncpg.Connection
) -> None:
    await log_at(owner, -150)

    async def drop() -> None:
        async with session_scope(database, Identity(JOB)) as session:
            held = await session.execute(text("SELECT past FROM hold_old_predictions(90, 10)"))
            await session.execute(
                text("SELECT drop_old_predictions(90, :past, 0.8)"), {"past": held.scalar_one()}
            )

    # The empty months before it go.
    while True:
        async with session_scope(database, Identity(JOB)) as session:
            held = await session.execute(
                text("SELECT place, past FROM hold_old_predictions(90, 9)")
            )
            place, past = held.one()
            if await owner.fetchval(f'SELECT EXISTS (SELECT FROM "{place}")'):
                break
            await session.execute(text("SELECT drop_old_predictions(90, :p, 0.8)"), {"p": past})
    with pytest.raises(DBAPIError, match="training would lose rows"):
        await drop()
    assert await left(owner) == 1
    await enforce(database)
    assert await left(owner) == 0
