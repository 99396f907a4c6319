"""The programs as an operator starts them: migrate, serve, work, keys."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from arq.connections import ArqRedis
from nlu_shared.kit.process.jobs import connect
from nlu_shared.schemas.jobs import INDUCTION_QUEUE

from tests.fixtures.commands import typed
from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS, client, until
from tests.nlu_logger.gate import gated
from tests.nlu_logger.world import HELLO, World, connected, opened

pytestmark = pytest.mark.law

PROGRAM = Path(sys.executable).parent / "nlu-logger"


def environment(world: World, redis: str) -> dict[str, str]:
    return os.environ | {
        "NLU_LOGGER_DATABASE_URL": world.database.app_url,
        "NLU_LOGGER_REDIS_URL": redis,
    }


async def output_of(world: World, *arguments: str) -> str:
    """What the program prints; it must end well."""
    ended = await typed("nlu-logger", *arguments, env=environment(world, "redis://127.0.0.1:1"))
    assert ended.code == 0
    return ended.printed.strip()


@asynccontextmanager
async def working(world: World, redis: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker that has looked after its partitions once, so its signal handlers stand."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        "work",
        env=environment(world, redis),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while b"partitions looked after" not in (line := await process.stdout.readline()):
                assert line, "the worker ended early"
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.fixture
async def queue(servers: Servers) -> AsyncIterator[ArqRedis]:
    """Induction's queue in a Redis database of its own, where nobody listens."""
    redis = await connect(_own(servers.redis_url))
    yield redis
    await redis.flushdb()
    await redis.aclose()


def _own(redis_url: str) -> str:
    return urlunsplit(urlsplit(redis_url)._replace(path="/9"))


async def waiting(queue: ArqRedis) -> list[str]:
    return [job.decode() for job in await queue.zrange(INDUCTION_QUEUE, 0, -1)]


async def test_a_key_is_made_listed_and_revoked_by_the_command_line(world: World) -> None:
    key = await output_of(world, "keys", "create", "--name", "ci", "--scopes", "predictions:read")
    listed = await output_of(world, "keys", "list")
    (line,) = [line for line in listed.splitlines() if "\tci\t" in line]
    assert key not in listed
    async with client(world.url, key) as holder:
        assert (await holder.get("/v1/predictions")).status_code == 200
        await output_of(world, "keys", "revoke", line.split("\t")[0])
        assert (await holder.get("/v1/predictions")).status_code == 401


async def test_a_key_is_rotated_by_the_command_line(world: World) -> None:
    options = ("--name", "rotating", "--scopes", "predictions:write", "--tasks", "greetings")
    old = await output_of(world, "keys", "create", *options, "--expires", "2099-12-31")
    listed = await output_of(world, "keys", "list")
    (line,) = [line for line in listed.splitlines() if "\trotating\t" in line]
    assert line.endswith("\tuntil 2099-12-31T00:00:00+00:00")
    new = await output_of(world, "keys", "rotate", line.split("\t")[0], "--grace-hours", "0")
    prediction = HELLO | {"task": "greetings"}
    async with client(world.url, old) as holder:
        assert (await holder.post("/v1/predictions", json=prediction)).status_code == 401
    async with client(world.url, new) as holder:
        assert (await holder.post("/v1/predictions", json=prediction)).status_code == 201
        assert (await holder.post("/v1/predictions", json=HELLO)).status_code == 403


async def test_a_missing_setting_is_named_on_one_line() -> None:
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "work", env={"PATH": os.environ["PATH"]}, stderr=asyncio.subprocess.PIPE
    )
    _, complained = await process.communicate()
    assert process.returncode == 1
    assert complained.decode().startswith("nlu-logger: set NLU_LOGGER_DATABASE_URL")
    assert len(complained.decode().splitlines()) == 1


async def test_the_worker_sends_on_what_was_approved_while_redis_was_away(
    databases: Databases, servers: Servers, queue: ArqRedis, task: str
) -> None:
    """One consideration for the burst, and the worker outlives the loss."""
    away = "redis://127.0.0.1:1/0"
    async with (
        gated(_own(servers.redis_url)) as (gate, through),
        opened(databases, servers, redis_url=away) as world,
        connected(world.database.owner_url) as owner,
    ):
        await gate.shut()
        async with working(world, through) as worker:
            for number in range(3):
                log_id = await world.log(task=task, prompt=f"number {number}")
                await world.approve(await world.correct(log_id, "x"))
            assert await owner.fetchval("SELECT count(*) FROM outbox") == 1
            await gate.open()
            await until(lambda: waiting(queue))

            async def sent() -> bool:
                return await owner.fetchval("SELECT count(*) FROM outbox") == 0

            await until(sent)
            assert await waiting(queue) == [f"consider:{task}"]
            assert worker.returncode is None


async def test_the_worker_stops_when_told(world: World, servers: Servers) -> None:
    async with working(world, servers.redis_url) as worker:
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), DEADLINE_SECONDS) == 0
