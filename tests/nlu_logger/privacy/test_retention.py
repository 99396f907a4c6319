"""What is older than the retention goes, and what training keeps of it names nobody."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nlu_logger.anonymise.text import anonymiser
from nlu_logger.migrations import JOB
from nlu_logger.predictions.partitions import months_back
from nlu_logger.privacy import jobs
from nlu_logger.settings import Settings
from nlu_shared.ids import uuid7
from nlu_shared.kit.data.db import Database, Identity, open_database
from sqlalchemy.exc import DBAPIError

from tests.fixtures.databases import Databases
from tests.fixtures.lateness import waiting
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until
from tests.nlu_logger.world import World, connected, opened

DAYS = 90
HALF_A_SECOND = 0.5
MAIL = "write to ann@example.com"


@pytest.fixture
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    """One whose database no other test looks at."""
    async with opened(databases, servers) as made:
        yield made


@pytest.fixture
async def database(world: World) -> AsyncIterator[Database]:
    async with open_database(world.database.app_url) as made:
        yield made


async def enforce(database: Database) -> None:
    await jobs.enforce_once(database, Identity(JOB), DAYS, anonymiser())


async def log_at(
    owner: asyncpg.Connection, days: float, *, prompt: str = MAIL, confidence: float = 0.9
) -> UUID:
    """A prediction somebody made so long ago, as it would lie in the table."""
    at = datetime.now(UTC) - timedelta(days=days)
    log_id = uuid7(at)
    await owner.execute(
        "INSERT INTO nlu_prompt_logs (id, user_id, prompt, predicted_intent, confidence,"
        " conversation_id, execution_error, created_at, body_hash)"
        " VALUES ($1, $2, $3, 'greet', $4, $2, 'an error of ann@example.com', $5, 'h')",
        log_id,
        uuid4(),
        prompt,
        confidence,
        at,
    )
    return log_id


async def months(owner: asyncpg.Connection) -> list[str]:
    rows = await owner.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits"
        " WHERE inhparent = 'nlu_prompt_logs'::regclass ORDER BY 1"
    )
    return [row["name"] for row in rows]


async def kept(owner: asyncpg.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await owner.fetch("SELECT * FROM kept_training_rows ORDER BY id")]


async def test_a_month_goes_whole_once_all_of_it_is_old(world: World, database: Database) -> None:
    async with connected(world.database.owner_url) as owner:
        await owner.execute("SELECT ensure_prediction_partitions(7, 3)")
        before = await months(owner)
        old, young = await log_at(owner, 150), await log_at(owner, 60)
        await enforce(database)
        left = await months(owner)
        ids = [row["id"] for row in await owner.fetch("SELECT id FROM nlu_prompt_logs")]
        past = len(before) - len(left)
        assert past >= 3
        assert left == [*before[past:-1], before[-1]]
        assert (old in ids, young in ids) == (False, True)
        dropped = await owner.fetch(
            "SELECT subject, actor FROM audit_log WHERE action = 'privacy.drop' ORDER BY id"
        )
        assert [row["subject"] for row in dropped] == before[:past]
        back = months_back(timedelta(days=DAYS), now=datetime.now(UTC))
        assert await owner.fetchval("SELECT ensure_prediction_partitions($1, 3)", back) == 0


async def test_strays_in_the_default_partition_go_row_by_row(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(jobs, "STRAYS_AT_ONCE", 3)
    async with connected(world.database.owner_url) as owner:
        for _ in range(8):
            await log_at(owner, 400)
        young = await log_at(owner, -200)
        await enforce(database)
        rows = await owner.fetch("SELECT id FROM nlu_prompt_logs_default")
        assert [row["id"] for row in rows] == [young]
        assert len(await kept(owner)) == 8


async def test_what_training_keeps_names_nobody(world: World, database: Database) -> None:
    async with connected(world.database.owner_url) as owner:
        await log_at(owner, 150)
        await log_at(owner, 150, prompt="unsure", confidence=0.3)
        corrected = [
            await log_at(owner, 150, prompt=name, confidence=0.3) for name in ("yes", "no")
        ]
        yes, _ = [await world.correct(str(one), "leave") for one in corrected]
        assert (await world.approve(yes)).status_code == 200
        await enforce(database)
        rows = await kept(owner)
        assert [
            (row["text"], row["label"], row["confidence"], row["corrected"]) for row in rows
        ] == [("write to [email]", "greet", 0.9, False), ("yes", "leave", 0.3, True)]
        assert set(rows[0]) == {
            "id", "task", "text", "label", "output", "confidence", "corrected", "predicted_on",
        }  # fmt: skip
        assert await owner.fetchval("SELECT count(*) FROM corrections") == 0


async def test_ground_truth_outlives_its_prediction_without_what_identifies_its_author(
    world: World, database: Database
) -> None:
    async with connected(world.database.owner_url) as owner:
        correction = await world.correct(str(await log_at(owner, 150)), "leave")
        case_id = (await world.approve(correction)).json()["ground_truth_id"]
        await enforce(database)
    case, end = await world.truth("intent")
    assert (case["id"], case["text"], case["truth"]) == (case_id, "write to [email]", "leave")
    assert end["count"] == 1
    erasures = (await world.admin.get("/v1/ground-truth/erased")).json()["items"]
    assert [(one["case_id"], one["why"]) for one in erasures] == [(case_id, "anonymised")]
    await enforce(database)
    assert len((await world.admin.get("/v1/ground-truth/erased")).json()["items"]) == 1


async def test_ground_truth_stays_as_it_was_said_while_a_prediction_stands_behind_it(
    world: World, database: Database
) -> None:
    async with connected(world.database.owner_url) as owner:
        for days in (150, 30):
            correction = await world.correct(str(await log_at(owner, days)), "leave")
            assert (await world.approve(correction)).status_code == 200
        await enforce(database)
    assert (await world.truth("intent"))[0]["text"] == MAIL


async def test_readers_are_not_pushed_aside_and_writers_wait_for_half_a_second_at_most(
    world: World, database: Database
) -> None:
    async with connected(world.database.owner_url) as owner:
        old = await log_at(owner, 150)
        async with owner.transaction():
            await owner.fetch("SELECT FROM nlu_prompt_logs")
            dropping = asyncio.create_task(enforce(database))
            while not dropping.done():
                async with waiting() as wait:
                    await world.log()
                    assert wait.within(HALF_A_SECOND)
        with pytest.raises(DBAPIError):
            await dropping
        assert await owner.fetchval("SELECT count(*) FROM nlu_prompt_logs WHERE id = $1", old) == 1
        assert await kept(owner) == []
        await enforce(database)
        assert await owner.fetchval("SELECT count(*) FROM nlu_prompt_logs WHERE id = $1", old) == 0
        assert len(await kept(owner)) == 1


async def test_two_workers_keep_a_row_once(world: World, database: Database) -> None:
    async with connected(world.database.owner_url) as owner:
        for _ in range(50):
            await log_at(owner, 150)
        await asyncio.gather(enforce(database), enforce(database))
        assert len(await kept(owner)) == 50
        assert await owner.fetchval("SELECT count(*) FROM nlu_prompt_logs") == 0


async def test_the_worker_outlives_a_lock_it_could_not_have(
    world: World, database: Database
) -> None:
    settings = Settings(
        database_url=world.database.app_url, redis_url="redis://unused", retention_seconds=0.05
    )
    async with connected(world.database.owner_url) as owner:
        old = await log_at(owner, 150)
        there = "SELECT count(*) FROM nlu_prompt_logs WHERE id = $1"
        async with owner.transaction():
            await owner.fetch("SELECT FROM nlu_prompt_logs")
            loop = asyncio.create_task(
                jobs.enforce_retention(database, Identity(JOB), settings, anonymiser())
            )
            await world.log()
            async with connected(world.database.owner_url) as other:
                waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode LIKE 'Access%'"
                for state in (True, False):
                    await until(lambda state=state: _says(other, waiting, state))
            assert not loop.done()
            assert await owner.fetchval(there, old) == 1
        await until(lambda: _says(owner, there.replace("$1", f"'{old}'"), False))
        loop.cancel()


async def _says(owner: asyncpg.Connection, query: str, expected: bool) -> bool:
    return bool(await owner.fetchval(query)) == expected


async def test_what_speaks_of_a_prediction_that_is_gone_is_swept(
    world: World, database: Database
) -> None:
    """Such as a correction that was proposed in the moment of an erasure."""
    correction = await world.correct(await world.log(), "leave")
    async with connected(world.database.owner_url) as owner:
        await owner.execute("DELETE FROM nlu_prompt_logs")
        await enforce(database)
        assert await owner.fetchval("SELECT count(*) FROM corrections") == 0
    assert (await world.approve(correction)).status_code == 404


async def test_nobody_but_the_job_may_drop(world: World) -> None:
    async with connected(world.database.app_url) as app:
        for role in ("user", "service", "reviewer", "admin", "writer", "eraser"):
            for call in (
                "drop_old_predictions(90, gen_random_uuid(), 0.8)",
                "look_at_retention_clock()",
                "sweep_after_predictions()",
            ):
                async with app.transaction():
                    await app.execute(f"SET LOCAL ROLE nlu_logger_{role}")
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        async with app.transaction():
                            await app.execute(f"SELECT {call}")
