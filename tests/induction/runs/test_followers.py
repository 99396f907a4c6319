"""Hundreds watch at once: each gets every event, and nobody else waits because of them."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest

from deploy.local import placement
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis
from deploy.local.secrets import make_temporary
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.patience import Patient
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS, Stack, opened, until
from tests.induction.runs.driving import events, start
from tests.local.processes import descendants

pytestmark = pytest.mark.law

KEPT_KEYS = {"key_cache_seconds": 5}
"""As in production: hundreds who come with one key are one look-up."""


@asynccontextmanager
async def many_clients(
    stack: Stack, transport: httpx2.AsyncBaseTransport | None = None
) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        base_url=stack.induction.base_url,
        headers=stack.induction.headers,
        timeout=DEADLINE_SECONDS,
        trust_env=False,
        limits=httpx2.Limits(max_connections=None),
        transport=transport,
    ) as http:
        yield http


async def numbers(http: httpx2.AsyncClient, run: str, open_now: asyncio.Semaphore) -> list[int]:
    """The ids of one stream, from its first event to its end."""
    async with http.stream("GET", f"/v1/runs/{run}/events") as response:
        assert response.status_code == 200
        open_now.release()
        return [int(line[3:]) async for line in response.aiter_lines() if line.startswith("id:")]


async def all_open(open_now: asyncio.Semaphore, count: int) -> None:
    for _ in range(count):
        await open_now.acquire()


@pytest.mark.parametrize("count", [20, pytest.param(300, marks=pytest.mark.law)])
async def test_all_who_open_a_stream_at_once_get_every_event(
    databases: Databases, servers: Servers, count: int
) -> None:
    """Who is told to come later, as on a busy machine, comes later."""
    async with (
        opened(databases, servers, **KEPT_KEYS) as stack,
        many_clients(stack, Patient()) as http,
    ):
        await make_task(stack, "watched", cases=24)
        run = await start(stack, "watched", kind="evaluate")
        open_now = asyncio.Semaphore(0)
        streams = [asyncio.create_task(numbers(http, run, open_now)) for _ in range(count)]
        await asyncio.wait_for(all_open(open_now, count), DEADLINE_SECONDS)
        assert (await stack.induction.get("/readyz")).status_code == 200
        assert await connections(stack) <= 10 + 3
        async with stack.working():
            got = await asyncio.gather(*streams)
        stored = list(range(1, len(await events(stack, run)) + 1))
        assert all(one == stored for one in got)


async def connections(stack: Stack) -> int:
    """Of the one API that runs: its pool, its relay, its followers' and its readiness's."""
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    try:
        return int(
            await owner.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
            )
        )
    finally:
        await owner.close()


@pytest.fixture
def place() -> Iterator[Path]:
    path = make_temporary("nlu-frozen-")
    yield path
    placement.remove(path)


async def test_streams_outlive_a_database_that_hangs(place: Path, servers: Servers) -> None:
    async with Postgres(place) as postgres:
        alone = Servers(postgres.admin_url, servers.redis_url)
        async with (
            opened(Databases(alone), alone, **{**KEPT_KEYS, "pool_size": 4}) as stack,
            many_clients(stack) as http,
        ):
            await make_task(stack, "frozen", cases=24)
            run = await start(stack, "frozen", kind="evaluate")
            open_now = asyncio.Semaphore(0)
            streams = [asyncio.create_task(numbers(http, run, open_now)) for _ in range(40)]
            await asyncio.wait_for(all_open(open_now, 40), DEADLINE_SECONDS)
            server = postgres.child.process.pid
            frozen = {server} | descendants(server)
            send(frozen, signal.SIGSTOP)
            try:
                await until(lambda: is_not_ready(http))
                await asyncio.wait(streams, timeout=6)
            finally:
                send(frozen, signal.SIGCONT)
            assert not any(one.done() for one in streams)
            async with stack.working():
                got = await asyncio.gather(*streams)
            stored = list(range(1, len(await events(stack, run)) + 1))
            assert all(one == stored for one in got)


@pytest.mark.parametrize("count", [40])
@pytest.mark.long
async def test_streams_outlive_statements_that_fail(
    databases: Databases, servers: Servers, count: int
) -> None:
    """More of them than the pool has connections; what fails is no database that is away."""
    few = {"pool_size": 2, "key_cache_seconds": 0}
    async with (
        opened(databases, servers, **few) as stack,
        many_clients(stack, Patient()) as http,  # two connections for forty keys to be looked at
    ):
        await make_task(stack, "disturbed", cases=8)
        run = await start(stack, "disturbed", kind="evaluate")
        open_now = asyncio.Semaphore(0)
        streams = [asyncio.create_task(numbers(http, run, open_now)) for _ in range(count)]
        await asyncio.wait_for(all_open(open_now, count), DEADLINE_SECONDS)
        await cancel_readers(stack, times=3)
        assert not any(one.done() for one in streams)
        async with stack.working():
            got = await asyncio.gather(*streams)
        stored = list(range(1, len(await events(stack, run)) + 1))
        assert all(one == stored for one in got)


async def cancel_readers(stack: Stack, *, times: int) -> None:
    """The table is locked, and whoever waits for it is cancelled, as by a statement timeout."""
    holder = await asyncpg.connect(stack.induction_database.owner_url)
    other = await asyncpg.connect(stack.induction_database.admin_url)
    database = await holder.fetchval("SELECT current_database()")
    cancelled = 0

    async def enough() -> bool:
        nonlocal cancelled
        cancelled += await other.fetchval(
            """
            SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND datname = $1
            """,
            database,
        )
        return cancelled >= times

    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE run_events IN ACCESS EXCLUSIVE MODE")
            await until(enough)
    finally:
        await holder.close()
        await other.close()


def send(pids: set[int], one: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, one)


async def is_not_ready(http: httpx2.AsyncClient) -> bool:
    return (await http.get("/readyz")).status_code == 503


@pytest.mark.long
async def test_a_redis_that_hangs_delays_a_run_and_its_stream_and_loses_nothing(
    place: Path, databases: Databases, servers: Servers
) -> None:
    async with Redis(place) as redis:
        alone = Servers(servers.admin_url, redis.url)
        async with opened(databases, alone, **KEPT_KEYS) as stack, many_clients(stack) as http:
            await make_task(stack, "unheard", cases=8)
            run = await start(stack, "unheard", kind="evaluate")
            open_now = asyncio.Semaphore(0)
            following = asyncio.create_task(numbers(http, run, open_now))
            await all_open(open_now, 1)
            send({redis.child.process.pid}, signal.SIGSTOP)
            try:
                async with stack.working():
                    got = await following
            finally:
                send({redis.child.process.pid}, signal.SIGCONT)
            assert got == list(range(1, len(await events(stack, run)) + 1))


async def test_hundreds_of_pages_open_their_streams_at_once(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, **KEPT_KEYS) as stack, many_clients(stack) as http:
        await make_task(stack, "paged", cases=8)
        run = await start(stack, "paged", kind="evaluate")
        issued = [await stack.induction.post("/v1/stream-tickets") for _ in range(300)]
        del http.headers["authorization"]

        async def opens(ticket: str) -> int:
            stream = http.stream("GET", f"/v1/runs/{run}/events", params={"ticket": ticket})
            async with stream as response:
                return response.status_code

        answers = await asyncio.gather(*(opens(one.json()["ticket"]) for one in issued))
        assert set(answers) == {200}
