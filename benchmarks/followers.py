"""A thousand followers of one run on one process: from an event's commit to each of them.

`python -m benchmarks.followers` alone (`FOLLOWERS=1000`). All open at once; then events are
committed one after another as a worker records them: the rows, then the wake-up. Beside it stands a
bare sse-starlette app that reads nothing and hands on what Redis says. Clients are sockets of this
process: their own work, the same for both, is in both figures.
"""

import asyncio
import os
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import uvicorn
from induction.runs.streaming import stream
from nlu_shared.schemas.events import HintTaken
from redis.asyncio import Redis
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.stage import INDUCTION, administrator_url, alone, program
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import start

FOLLOWERS = int(os.environ.get("FOLLOWERS", "1000"))
EVENTS = 30
APART_SECONDS = 0.5
CHANNEL = "followers-of-the-bare-app"
HINT = HintTaken(iteration=1, hint="an event").model_dump_json()
_COMMITTED = """
WITH numbered AS (UPDATE runs SET last_event = last_event + 1 WHERE id = $1 RETURNING last_event)
INSERT INTO run_events (run_id, n, body) SELECT $1, last_event, $2::jsonb FROM numbered
"""
Say = Callable[[], Awaitable[None]]


@dataclass
class Follower:
    """One open stream; `seen` are the moments at which a line of data came."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    seen: list[float] = field(default_factory=list)

    async def listen(self) -> None:
        while line := await self.reader.readline():
            if line.startswith(b"data:"):
                self.seen.append(time.perf_counter())


async def _opened(url: str, key: str) -> Follower:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    path = parts.path or "/"
    head = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", f"Authorization: Bearer {key}"]
    writer.write("\r\n".join([*head, "", ""]).encode())
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"a stream did not open: {status!r}")
    return Follower(reader, writer)


async def _measured(url: str, key: str, say: Say) -> tuple[float, list[float]]:
    """Seconds until all were open, and those from each event's commit to each follower."""
    began = time.perf_counter()
    followers = await asyncio.gather(*(_opened(url, key) for _ in range(FOLLOWERS)))
    opened_after = time.perf_counter() - began
    listening = [asyncio.create_task(one.listen()) for one in followers]
    await asyncio.sleep(2)
    before = [len(one.seen) for one in followers]
    committed = []
    for _ in range(EVENTS):
        await say()
        committed.append(time.perf_counter())
        await asyncio.sleep(APART_SECONDS)
    await asyncio.sleep(2)
    cut = sum(task.done() for task in listening)
    got = [one.seen[first:] for one, first in zip(followers, before, strict=True)]
    missed = sum(len(one) != EVENTS for one in got)
    for task, one in zip(listening, followers, strict=True):
        task.cancel()
        one.writer.close()
    if cut or missed:
        raise RuntimeError(f"{cut} streams were cut, {missed} lacked an event")
    return opened_after, sorted(
        moment - at for one in got for moment, at in zip(one, committed, strict=True)
    )


async def _of_a_run(stack: Stack, redis: Redis) -> tuple[float, list[float]]:
    await make_task(stack, "watched", cases=24)
    run = UUID(await start(stack, "watched", kind="evaluate"))
    owner = await asyncpg.connect(administrator_url(stack.induction_database))

    async def say() -> None:
        await owner.execute(_COMMITTED, run, HINT)
        await stream.announce(redis, run)

    async with program(
        *INDUCTION, environment=dict(stack.environment()), path=f"/v1/runs/{run}/events"
    ) as url:
        key = stack.induction.headers["authorization"].removeprefix("Bearer ")
        measured = await _measured(url, key, say)
    await owner.close()
    return measured


async def _of_the_bare_app(redis: Redis, servers: Servers) -> tuple[float, list[float]]:
    async def say() -> None:
        await redis.publish(CHANNEL, HINT)

    place = {"FOLLOWED_REDIS": servers.redis_url}
    async with program(
        sys.executable, "-m", "benchmarks.followers", environment=place, path="/"
    ) as url:
        return await _measured(url, "none", say)


def bare() -> Starlette:
    """Hands on what Redis says, to everybody."""
    queues: set[asyncio.Queue[str]] = set()

    async def hear() -> None:
        async with Redis.from_url(os.environ["FOLLOWED_REDIS"]).pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            async for message in pubsub.listen():
                if message["type"] == "message":
                    for queue in queues:
                        queue.put_nowait(message["data"].decode())

    async def events(_: Request) -> Response:
        queue: asyncio.Queue[str] = asyncio.Queue()

        async def lines() -> AsyncIterator[str]:
            queues.add(queue)
            try:
                while True:
                    yield await queue.get()
            finally:
                queues.discard(queue)

        return EventSourceResponse(lines())

    async def ready(_: Request) -> Response:
        return JSONResponse({})

    @asynccontextmanager
    async def hearing(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(hear())
        yield
        task.cancel()

    return Starlette(routes=[Route("/", events), Route("/readyz", ready)], lifespan=hearing)


def _line(name: str, opened_after: float, late: list[float]) -> str:
    p50, p95, last = (late[int(len(late) * at) - 1] * 1000 for at in (0.5, 0.95, 1))
    return (
        f"{name}: {FOLLOWERS} streams open after {opened_after:.1f} s, an event reaches them in"
        f" {p50:.0f} ms (median), {p95:.0f} ms (p95), {last:.0f} ms (the last); none was cut and"
        " none lacks an event"
    )


async def run(databases: Databases, servers: Servers) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket each, here and there
    redis = Redis.from_url(servers.redis_url)
    async with opened(databases, servers, key_cache_seconds=5) as stack:
        ours = await _of_a_run(stack, redis)
    theirs = await _of_the_bare_app(redis, servers)
    await redis.aclose()
    print(_line("followers of a run", *ours))
    print(_line("of a bare sse-starlette app", *theirs))
    at = int(len(ours[1]) * 0.95) - 1
    print(f"p95 against the bare app's: {ours[1][at] / theirs[1][at]:.2f}")


if __name__ == "__main__":
    if "--port" in sys.argv:
        port = int(sys.argv[sys.argv.index("--port") + 1])
        uvicorn.run(bare(), host="127.0.0.1", port=port, log_level="error", access_log=False)
    else:
        alone(run)
