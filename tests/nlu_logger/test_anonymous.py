"""What strangers can do to those who have a key: nothing that lasts. Over real sockets."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS, client, until
from tests.nlu_logger.world import HELLO, World, connected, opened

pytestmark = pytest.mark.law

MB = 1024 * 1024
KEY = f"authorization: Bearer {BOOTSTRAP_KEY}\r\n"


@pytest.fixture(scope="module")
async def tight(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    limits = {"body_seconds": 1.0, "bodies_bytes": 8 * MB, "pool_size": 2}
    async with opened(databases, servers, **limits) as made:
        yield made


@asynccontextmanager
async def line(world: World) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(world.url).port)
    try:
        yield reader, writer
    finally:
        writer.close()


def head(length: int, *, path: str = "/v1/predictions", more: str = "") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {length}\r\n{more}\r\n"
    ).encode()


async def status(reader: asyncio.StreamReader) -> int:
    async with asyncio.timeout(DEADLINE_SECONDS):
        return int((await reader.readline()).split()[1])


async def stores(world: World) -> bool:
    return (await world.admin.post("/v1/predictions", json=HELLO)).status_code == 201


async def test_a_strangers_body_is_not_waited_for(tight: World) -> None:
    for more in ("", "authorization: Bearer nlk_guessed\r\n", "authorization: Bearer x.y.z\r\n"):
        async with line(tight) as (reader, writer):
            writer.write(head(8 * MB, more=more))
            assert await status(reader) == 401


async def test_where_a_stranger_may_write_little_is_read(tight: World) -> None:
    async with line(tight) as (reader, writer):
        writer.write(head(MB, path="/dashboard/login"))
        assert await status(reader) == 413


async def test_a_path_that_is_not_there_reads_nothing(tight: World) -> None:
    async with line(tight) as (reader, writer):
        writer.write(head(8 * MB, path="/nowhere"))
        assert await status(reader) == 404


async def test_a_body_that_takes_too_long_is_given_up(tight: World) -> None:
    async with line(tight) as (reader, writer):
        writer.write(head(100, more=KEY) + b"{")
        assert await status(reader) == 408
        async with asyncio.timeout(DEADLINE_SECONDS):
            assert b"body_too_slow" in await reader.read()


async def test_unfinished_bodies_take_no_more_than_their_room(
    databases: Databases, servers: Servers
) -> None:
    limits = {"body_seconds": 20.0, "bodies_bytes": 8 * MB}
    async with opened(databases, servers, **limits) as world, AsyncExitStack() as lines:
        opened_lines = [await lines.enter_async_context(line(world)) for _ in range(10)]
        for _, writer in opened_lines:
            writer.write(head(8 * MB, more=KEY) + b"[" + b" " * MB)
        answers = [asyncio.create_task(status(reader)) for reader, _ in opened_lines]

        async def most_refused() -> bool:
            return sum(one.done() for one in answers) >= 6

        await until(most_refused)
        assert {one.result() for one in answers if one.done()} == {503}
        assert await stores(world)
        for one in answers:
            one.cancel()
        await asyncio.gather(*answers, return_exceptions=True)
        await lines.aclose()

        async def has_room_again() -> bool:
            batch = json.dumps([HELLO | {"prompt": "x" * 9_000}] * 300)
            kind = {"content-type": "application/json"}
            response = await world.admin.post("/v1/predictions:batch", content=batch, headers=kind)
            return response.status_code == 207

        await until(has_room_again)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\na: " + b"b" * MB,
        b"GET /" + b"a" * MB,
        b"GET /healthz HTTP/1.1\r\n" + b"a" * MB,
        head(10).replace(b"content-length: 10", b"transfer-encoding: chunked") + b"1;" + b"a" * MB,
    ],
    ids=["many headers", "a long header", "a long address", "a long name", "a long extension"],
)
async def test_a_head_without_end_is_cut_off(tight: World, sent: bytes) -> None:
    async with line(tight) as (reader, writer):
        writer.write(sent)
        async with asyncio.timeout(DEADLINE_SECONDS):
            try:
                answered = await reader.read()
            except ConnectionResetError:  # it did not take what was still on its way
                answered = b"HTTP/1.1 431"
        assert int(answered.split()[1]) in {400, 401, 431}
    assert await stores(tight)


@pytest.mark.parametrize("page", ["/metrics", "/readyz", "/healthz", "/version", "/openapi.json"])
async def test_a_page_that_is_asked_too_often_comes_late_and_comes(
    databases: Databases, servers: Servers, page: str
) -> None:
    async with (
        opened(databases, servers, anonymous_per_minute=3) as world,
        client(world.url, None) as stranger,
    ):
        began = time.perf_counter()
        answers = [(await stranger.get(page)).status_code for _ in range(5)]
        assert answers == [200] * 5
        assert time.perf_counter() - began >= 1.0
        assert all([await stores(world) for _ in range(5)])


async def holds_up(owner: asyncpg.Connection) -> bool:
    """Somebody waits for what the owner has locked."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    return bool(await owner.fetchval(waiting))


async def test_many_who_ask_for_metrics_hold_one_connection(tight: World) -> None:
    async with (
        connected(tight.database.owner_url) as owner,
        client(tight.url, None) as stranger,
        owner.transaction(),
    ):
        await owner.execute("LOCK TABLE nlu_prompt_logs_default IN ACCESS EXCLUSIVE MODE")
        asking = [asyncio.create_task(stranger.get("/metrics")) for _ in range(20)]
        await until(lambda: holds_up(owner))
        assert (await tight.admin.get("/v1/admin/keys")).status_code == 200
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def guess(world: World, times: int, address: str = "") -> list[int]:
    more = {"x-forwarded-for": address} if address else {}
    async with client(world.url, "nlk_guessed") as guesser:
        return [
            (await guesser.get("/v1/predictions", headers=more)).status_code for _ in range(times)
        ]


async def test_a_right_key_may_log_in_where_strangers_are_limited(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, anonymous_per_minute=2) as world:
        assert (await guess(world, 3))[-1] == 429
        async with client(world.url, None) as browser:
            for key, expected in (("nlk_wrong", 401), (BOOTSTRAP_KEY, 204)):
                answer = await browser.post("/dashboard/login", json={"key": key})
                assert answer.status_code == expected


async def test_nobody_chooses_the_address_they_come_from(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, anonymous_per_minute=2) as world:
        answers = [(await guess(world, 1, f"203.0.113.{n}"))[0] for n in range(4)]
        assert answers == [401, 401, 429, 429]


async def test_behind_a_named_proxy_each_client_has_its_own_address(
    databases: Databases, servers: Servers
) -> None:
    named = {"anonymous_per_minute": 2, "trusted_proxies": ["127.0.0.0/8"]}
    async with opened(databases, servers, **named) as world:
        assert (await guess(world, 3, "203.0.113.1"))[-1] == 429
        assert (await guess(world, 1, "203.0.113.2")) == [401]
        # What a client writes itself stands before what the proxy adds.
        assert (await guess(world, 1, "203.0.113.9, 203.0.113.1")) == [429]
        # A network of IPv6 is one stranger.
        assert (await guess(world, 2, "2001:db8::1")) == [401, 401]
        assert (await guess(world, 1, "2001:db8::2")) == [429]


async def test_an_empty_key_logs_nobody_in(tight: World) -> None:
    async with client(tight.url, None) as browser:
        for key in ("", " ", "x"):
            answer = await browser.post("/dashboard/login", json={"key": key})
            assert answer.status_code == 401


async def test_an_export_breaks_off_once_its_key_is_revoked(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as world:
        many = [HELLO | {"prompt": "word " * 1_500, "confidence": 0.9}] * 500
        for _ in range(8):
            stored = await world.admin.post("/v1/predictions:batch", json=many)
            assert stored.status_code == 207
        made = await world.admin.post(
            "/v1/admin/keys", json={"name": "leaving", "scopes": ["exports:read"]}
        )
        async with (
            client(world.url, made.json()["key"]) as leaving,
            leaving.stream("GET", "/v1/exports/retraining") as answer,
        ):
            pieces = answer.aiter_bytes()
            await anext(pieces)
            await world.admin.delete(f"/v1/admin/keys/{made.json()['id']}")
            began = time.monotonic()
            while time.monotonic() - began < 1.5:  # reads slowly, as a poor line does
                assert (await world.admin.get("/v1/predictions")).status_code == 200
            with pytest.raises(httpx2.RemoteProtocolError):
                await _rest(pieces)


async def _rest(pieces: AsyncIterator[bytes]) -> None:
    async for _ in pieces:
        pass


async def test_users_are_known_by_their_token_before_their_body_is_read(tight: World) -> None:
    async with tight.user(uuid4()) as user:
        assert (await user.post("/v1/predictions", json=HELLO)).status_code == 201
