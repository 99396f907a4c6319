"""Exports nobody reads: they hold no connection, delay nobody, and their room is bounded."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2
import pytest

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until
from tests.nlu_logger.world import World, connected, opened

ROWS = 5_000
UNREAD = 12
"""More than the raw connections of a process."""
MAKE = """
INSERT INTO nlu_prompt_logs (id, task, prompt, predicted_intent, confidence, body_hash, created_at)
SELECT uuidv7(), 'unread', n || repeat(' word', 400), 'greet', 0.9, sha256('x'), now()
FROM generate_series(1, $1) AS n
"""
HELD = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""


class Unread:
    """A request whose answer is taken only when asked for."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def lines(self) -> list[dict[str, object]]:
        """The rows of a chunked answer; the connection is closed by the server."""
        body = b""
        while (size := int(await self._reader.readline(), 16)) > 0:
            body += await self._reader.readexactly(size)
            await self._reader.readline()
        return [json.loads(line) for line in body.splitlines()]

    async def cut(self) -> bool:
        """Whether the answer ends before its last chunk."""
        try:
            await self.lines()
        except (asyncio.IncompleteReadError, ValueError, ConnectionError):
            return True
        return False


@asynccontextmanager
async def unread(world: World, path: str) -> AsyncIterator[Unread]:
    """Open once the answer has begun, with little room for it on our side."""
    ours = socket.socket()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ours.setblocking(False)
    url = httpx2.URL(world.url)
    await asyncio.get_running_loop().sock_connect(ours, (url.host, url.port))
    reader, writer = await asyncio.open_connection(sock=ours, limit=4096)
    request = f"GET {path} HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {BOOTSTRAP_KEY}\r\n\r\n"
    writer.write(request.encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        yield Unread(reader)
    finally:
        writer.transport.abort()


async def nothing_is_held(world: World) -> bool:
    async with connected(world.superuser_url) as superuser:
        return await superuser.fetchval(HELD) == 0


async def make_rows(world: World) -> None:
    async with connected(world.superuser_url) as superuser:
        await superuser.execute(MAKE, ROWS)


@pytest.mark.law
async def test_unread_exports_hold_no_connection_and_are_whole_when_read(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as world, AsyncExitStack() as stack:
        await make_rows(world)
        case = {"task": "unread", "text": "hello", "truth": "greet"}
        await world.admin.post("/v1/ground-truth", json=case)
        answers = [
            await stack.enter_async_context(unread(world, "/v1/exports/retraining"))
            for _ in range(UNREAD)
        ]
        await until(lambda: nothing_is_held(world))
        assert len(await world.truth("unread")) == 2
        for path in ("/v1/exports/review", "/v1/exports/pairs?texts=10", "/readyz"):
            assert (await world.admin.get(path)).status_code == 200
        # Of one moment: what is logged now is in none of them.
        await world.log(task="unread", confidence=1.0)
        for rows in await asyncio.gather(*(one.lines() for one in answers[:2])):
            assert len(rows) == ROWS


async def test_what_nobody_reads_is_cut_and_makes_room_for_others(
    databases: Databases, servers: Servers
) -> None:
    room = {"buffer_bytes": 16 * 1024**2, "send_seconds": 0.5}
    async with opened(databases, servers, **room) as world:
        await make_rows(world)

        async def has_room() -> bool:
            answer = await world.admin.get("/v1/exports/retraining")
            return answer.status_code == 200 and answer.text.count("\n") == ROWS

        async with unread(world, "/v1/exports/retraining") as lingering:
            await until(lambda: nothing_is_held(world))
            refused = await world.admin.get("/v1/exports/retraining")
            assert (refused.status_code, refused.json()["code"]) == (503, "no_room")
            assert int(refused.headers["retry-after"]) > 0
            await until(has_room)
            assert await lingering.cut()
