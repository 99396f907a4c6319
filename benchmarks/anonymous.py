"""What strangers and hostile bodies cost those who have a key.

The worst 64 KB beside an ordinary 64 KB, by the service's own CPU time; and keyed posts per second
beside 60 strangers on `/metrics` and 40 bodies that hardly arrive, against keyed posts alone.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from benchmarks.posting import PREDICTION, ask, connect, posts, request
from benchmarks.rates import ratio_line
from benchmarks.stage import SERVICE, Process, serving
from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers

SIZE = 64 * 1024
BODIES = 60
ANONYMOUS, SLOW = 60, 40
POSTS = 3_200
ROUNDS = 5
DRIP_SECONDS = 0.1
OPEN = b"[" * 65
METRICS = b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
NEVER_WHOLE = (
    "POST /v1/predictions:batch HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    f"authorization: Bearer {BOOTSTRAP_KEY}\r\ncontent-length: 8000000\r\n\r\n"
).encode()
HOSTILE: dict[str, bytes] = {
    "an open text of escaped quotes": OPEN + b'"' + b'\\"' * (SIZE // 2),
    "quotes": OPEN + b'"' * SIZE,
    "empty texts": b"[" + b'"",' * (SIZE // 3) + b'""]',
    "empty objects": b"[" + b"{}," * (SIZE // 3) + b"{}]",
    "empty lists": b"[" + b"[]," * (SIZE // 3) + b"[]]",
    "lists 60 deep": b"[" + (b"[" * 60 + b"]" * 60 + b",") * (SIZE // 121) + b"0]",
    "lists that never end": b"[" * SIZE,
    "short numbers": b"[" + b"1," * (SIZE // 2) + b"1]",
    "long numbers": b"[" + (b"9" * 4_000 + b",") * (SIZE // 4_001) + b"1]",
    "one key again and again": b"{" + b'"a":1,' * (SIZE // 6) + b'"b":1}',
    "many keys": json.dumps({f"{n:x}": 1 for n in range(SIZE // 10)}).encode(),
    "surrogates": b'["' + b"\\ud83d\\ude00" * (SIZE // 12) + b'"]',
}


async def run(
    databases: Databases, servers: Servers, *, program: tuple[str, ...] = SERVICE
) -> None:
    database = await databases.clone("nlu_logger")
    async with serving(database, servers, program=program) as service:
        await posts(service.url, POSTS // 4)
        await _tell_bodies(service)
        pairs = []
        for _ in range(ROUNDS):
            alone = await posts(service.url, POSTS)
            async with _besieged(service.url):
                pairs.append((await posts(service.url, POSTS), alone))
    what = f"keyed posts beside {ANONYMOUS} strangers on /metrics and {SLOW} slow bodies"
    print(ratio_line(what, pairs, unit="posts/s", against="alone"))


async def _tell_bodies(service: Process) -> None:
    ordinary = [PREDICTION] * (SIZE // len(json.dumps(PREDICTION)))
    plain = await _cost(service, request("/v1/predictions:batch", ordinary))
    costs = {
        name: await _cost(service, _sent("/v1/predictions:batch", body))
        for name, body in HOSTILE.items()
    }
    worst = max(costs, key=lambda name: costs[name])
    print(
        f"the worst 64 KB ({worst}): {costs[worst] * 1000:.1f} ms of CPU,"
        f" an ordinary 64 KB: {plain * 1000:.1f} ms, ratio {costs[worst] / plain:.2f}"
    )


def _sent(path: str, body: bytes) -> bytes:
    head = request(path, "").partition(b"content-length")[0]
    return head + f"content-length: {len(body)}\r\n\r\n".encode() + body


async def _cost(service: Process, sent: bytes) -> float:
    """CPU seconds of the service for one such request."""
    reader, writer = await connect(service.url)
    before = service.cpu_seconds()
    for _ in range(BODIES):
        await ask(reader, writer, sent)
    writer.close()
    return (service.cpu_seconds() - before) / BODIES


@asynccontextmanager
async def _besieged(url: str) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        siege = [
            *(group.create_task(_anonymous(url)) for _ in range(ANONYMOUS)),
            *(group.create_task(_slow(url)) for _ in range(SLOW)),
        ]
        await asyncio.sleep(1)  # the first minute's share of the strangers is used up
        yield
        for one in siege:
            one.cancel()


async def _anonymous(url: str) -> None:
    reader, writer = await connect(url)
    try:
        while True:
            await ask(reader, writer, METRICS)
    finally:
        writer.close()


async def _slow(url: str) -> None:
    """Again and again a body that comes byte by byte."""
    while True:
        _, writer = await connect(url)
        try:
            with suppress(OSError):
                writer.write(NEVER_WHOLE)
                while not writer.is_closing():
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(DRIP_SECONDS)
        finally:
            writer.close()
