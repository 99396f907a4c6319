"""Posting predictions as fast as answers come, or by the clock, over bare keep-alive sockets.

No HTTP library: what it would cost is more than what is measured.
"""

import asyncio
import json
import time

from tests.fixtures.databases import BOOTSTRAP_KEY

CONNECTIONS = 64
BATCH = 1_000
AT_ONCE = 4
PREDICTION = {
    "prompt": "time for math homework",
    "predicted_intent": "scheduling",
    "confidence": 0.92,
}


def _request(path: str, said: object) -> bytes:
    body = json.dumps(said).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {BOOTSTRAP_KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_ONE = _request("/v1/predictions", PREDICTION)
_MANY = _request("/v1/predictions:batch", [PREDICTION] * BATCH)


async def posts(url: str, count: int) -> float:
    """Posts per second over connections that each wait for their answer."""
    share = count // CONNECTIONS
    return await _rate(url, [share] * CONNECTIONS, _ONE, "201", rows=1)


async def batches(url: str, count: int) -> float:
    """Rows per second of batches, `AT_ONCE` on their way."""
    return await _rate(url, [count // AT_ONCE] * AT_ONCE, _MANY, "207", rows=BATCH)


async def paced(url: str, count: int, *, rate: float) -> list[float]:
    """Seconds from the moment each post was due to its answer, `rate` posts per second due."""
    began = time.perf_counter() + 0.1

    async def connection(first: int) -> list[float]:
        reader, writer = await _connect(url)
        waited = []
        for number in range(first, count, CONNECTIONS):
            due = began + number / rate
            await asyncio.sleep(due - time.perf_counter())
            await _ask(reader, writer, _ONE, "201")
            waited.append(time.perf_counter() - due)
        writer.close()
        return waited

    told = await asyncio.gather(*(connection(first) for first in range(CONNECTIONS)))
    return sorted(one for waited in told for one in waited)


async def _rate(url: str, shares: list[int], request: bytes, status: str, *, rows: int) -> float:
    async def connection(count: int) -> None:
        reader, writer = await _connect(url)
        for _ in range(count):
            await _ask(reader, writer, request, status)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*map(connection, shares))
    return sum(shares) * rows / (time.perf_counter() - began)


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, status: str
) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(f"HTTP/1.1 {status}".encode()):
        raise RuntimeError(head.decode())
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
