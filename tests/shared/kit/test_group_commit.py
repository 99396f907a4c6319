"""Many small writes in one commit, on a real PostgreSQL."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from nlu_shared.kit.data.db import Database, Identity, open_database
from nlu_shared.kit.data.group_commit import GroupCommit
from nlu_shared.kit.errors import Unavailable

from tests.fixtures.lateness import waiting
from tests.fixtures.stack import DEADLINE_SECONDS

Numbers = GroupCommit[int, str]
BROKEN = -1
TOO_FEW = -2


@pytest.fixture(scope="module", autouse=True)
async def numbers(owner: asyncpg.Connection) -> None:
    await owner.execute("CREATE TABLE numbers (n INTEGER, written_by TEXT DEFAULT current_user)")
    await owner.execute("GRANT SELECT, INSERT ON numbers TO induction_app")


@pytest.fixture
async def empty(owner: asyncpg.Connection) -> None:
    await owner.execute("TRUNCATE numbers")


async def write(connection: Any, items: Sequence[int]) -> list[str]:
    await connection.executemany("INSERT INTO numbers VALUES ($1)", [(item,) for item in items])
    if BROKEN in items:
        await connection.execute("SELECT 1 / 0")
    kept = [item for item in items if item != TOO_FEW]
    return [f"{item} of {len(items)}" for item in kept]


async def stored(owner: asyncpg.Connection) -> list[int]:
    return [row["n"] for row in await owner.fetch("SELECT n FROM numbers ORDER BY n")]


@pytest.mark.usefixtures("empty")
async def test_each_item_gets_its_own_result_after_its_commit(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    async with Numbers(database, app, write, most=10) as group:
        results = await asyncio.gather(*(group.submit(n) for n in range(35)))
        assert await stored(owner) == list(range(35))
    assert [one.split()[0] for one in results] == [str(n) for n in range(35)]
    assert max(int(one.split()[-1]) for one in results) == 10


@pytest.mark.usefixtures("empty")
async def test_a_group_is_written_as_the_identity_it_was_given(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    async with Numbers(database, app, write) as group:
        await group.submit(1)
    assert await owner.fetchval("SELECT written_by FROM numbers") == "induction_app"


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize("spoiler", [BROKEN, TOO_FEW])
async def test_a_failed_write_fails_its_group_and_not_the_next(
    database: Database, app: Identity, owner: asyncpg.Connection, spoiler: int
) -> None:
    async with Numbers(database, app, write, most=3) as group:
        results = await asyncio.gather(
            *(group.submit(n) for n in (1, 2, spoiler, 4, 5, 6)), return_exceptions=True
        )
    assert all(isinstance(one, Exception) for one in results[:3])
    assert results[3:] == ["4 of 3", "5 of 3", "6 of 3"]
    assert await stored(owner) == [4, 5, 6]


@pytest.mark.usefixtures("empty")
async def test_past_its_bound_the_queue_says_so_at_once(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    gate = asyncio.Event()

    async def held(connection: Any, items: Sequence[int]) -> list[str]:
        await gate.wait()
        return await write(connection, items)

    async with Numbers(database, app, held, most=1, waiting=2) as group:
        submitted = [asyncio.create_task(group.submit(n)) for n in range(6)]
        done, pending = await asyncio.wait(submitted, return_when=asyncio.FIRST_COMPLETED)
        refused = [task.exception() for task in done]
        assert refused
        assert all(isinstance(error, Unavailable) for error in refused)
        gate.set()
        await asyncio.gather(*pending)
    assert len(await stored(owner)) == 6 - len(refused)


@pytest.mark.usefixtures("empty")
async def test_what_is_submitted_together_is_stored_together(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    async with Numbers(database, app, write, most=3) as group:
        one, many, broken = await asyncio.gather(
            group.submit(1),
            group.submit_all([2, 3, 4, 5]),
            group.submit_all([6, BROKEN]),
            return_exceptions=True,
        )
    assert (one, many) == ("1 of 5", ["2 of 5", "3 of 5", "4 of 5", "5 of 5"])
    assert isinstance(broken, asyncpg.DivisionByZeroError)
    assert await stored(owner) == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("empty")
async def test_groups_are_written_side_by_side_where_that_is_asked_for(
    database: Database, app: Identity
) -> None:
    meeting = asyncio.Barrier(2)

    async def met(connection: Any, items: Sequence[int]) -> list[str]:
        await meeting.wait()
        return await write(connection, items)

    async with (
        Numbers(database, app, met, most=1, at_once=2) as group,
        asyncio.timeout(DEADLINE_SECONDS),
    ):
        await asyncio.gather(*(group.submit(n) for n in range(4)))


@pytest.mark.usefixtures("empty")
async def test_who_was_told_that_it_took_too_long_is_not_written_later(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    gate = asyncio.Event()

    async def held(connection: Any, items: Sequence[int]) -> list[str]:
        await gate.wait()
        return await write(connection, items)

    async with Numbers(database, app, held, most=1, seconds=0.2) as group:
        late = await asyncio.gather(*(group.submit(n) for n in range(3)), return_exceptions=True)
        assert all(isinstance(one, Unavailable) for one in late)
        gate.set()
        assert await group.submit(3) == "3 of 1"
    assert await stored(owner) == [3]


@pytest.mark.usefixtures("empty")
async def test_who_stops_waiting_stops_nobody_else_and_undoes_nothing(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    async with Numbers(database, app, write) as group:
        tasks = [asyncio.create_task(group.submit(n)) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], asyncio.CancelledError)
    assert [results[0], results[2]] == ["0 of 3", "2 of 3"]
    assert await stored(owner) == [0, 1, 2]


@pytest.mark.usefixtures("empty")
async def test_closing_waits_for_what_was_handed_in(
    database: Database, app: Identity, owner: asyncpg.Connection
) -> None:
    async with Numbers(database, app, write, most=2) as group:
        tasks = [asyncio.create_task(group.submit(n)) for n in range(7)]
        await asyncio.sleep(0)
    assert all(task.done() for task in tasks)
    assert await stored(owner) == list(range(7))


async def test_a_database_that_is_away_is_said_within_two_seconds(app: Identity) -> None:
    async with (
        open_database("postgresql://nobody:x@127.0.0.1:1/nowhere") as away,
        Numbers(away, app, write) as group,
        waiting() as wait,
    ):
        with pytest.raises(Unavailable):
            await group.submit(1)
        assert wait.within(2)
