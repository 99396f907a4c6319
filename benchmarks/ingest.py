"""Durable single posts against the same endpoint that validates, authenticates and stores nothing.

Client and server share one process, so the client's cost is in both figures.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from nlu_logger.app import ROUTERS, build
from nlu_logger.predictions.ingest import Written
from nlu_logger.resources import Resources, open_resources
from nlu_logger.settings import Settings
from nlu_shared.kit.web import create_app

from benchmarks.rates import told
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import serving

POSTS = 6_000
CONNECTIONS = 64
ROUNDS = 3
BODY = json.dumps(
    {"prompt": "time for math homework", "predicted_intent": "scheduling", "confidence": 0.92}
).encode()
REQUEST = (
    "POST /v1/predictions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    f"authorization: Bearer {BOOTSTRAP_KEY}\r\ncontent-length: {len(BODY)}\r\n\r\n"
).encode() + BODY


class StoresNothing:
    """Stands where the group commit stands and answers at once."""

    async def submit(self, entry: object) -> Written:
        return Written.CREATED


async def run(databases: Databases, servers: Servers) -> None:
    database = await databases.clone("nlu_logger")
    told_by: dict[str, Any] = {"database_url": database.app_url, "redis_url": servers.redis_url}
    settings = Settings(**told_by)

    @asynccontextmanager
    async def without_storage() -> AsyncIterator[Resources]:
        nothing: Any = StoresNothing()
        async with open_resources(settings) as resources:
            yield replace(resources, ingest=nothing)

    bare = create_app(
        title="bare",
        version="0",
        open_resources=without_storage,
        routers=ROUTERS,
        max_body_bytes=settings.max_body_bytes,
    )
    async with serving(build(settings)) as durable_url, serving(bare) as bare_url:
        pairs = [(await posts(durable_url), await posts(bare_url)) for _ in range(ROUNDS)]
    print(told("durable single posts", pairs, unit="posts/s", against="validated only"))


async def posts(url: str) -> float:
    """Posts per second over keep-alive connections that each wait for their answer."""
    port = int(url.rpartition(":")[2])
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, POSTS // CONNECTIONS) for _ in range(CONNECTIONS)))
    return POSTS / (time.perf_counter() - began)


async def _connection(port: int, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        writer.write(REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 201"):
            raise RuntimeError(head.decode())
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
    writer.close()
    await writer.wait_closed()
