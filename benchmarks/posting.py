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


def request(path: str, value: object, *, etag: str = "") -> bytes:
    """The bytes of one POST with the administrator's key; `etag` is the answer that is held."""
    body = json.dumps(value).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {BOOTSTRAP_KEY}\r\ncontent-length: {len(body)}\r\n"
        + (f"if-none-match: {etag}\r\n" if etag else "")
        + "\r\n"
    )
    return head.encode() + body


_ONE = request("/v1/predictions", PREDICTION)
_MANY = request("/v1/predictions:batch", [PREDICTION] * BATCH)
_STORED = {201, 207}
_AGAIN_SECONDS = 0.1


async def posts(url: str, count: int) -> float:
    """Posts per second over connections that each wait for their answer."""
    share = count // CONNECTIONS
    return await _rate(url, [share] * CONNECTIONS, _ONE, rows=1)


async def batches(url: str, count: int) -> float:
    """Rows per second of batches, `AT_ONCE` on their way."""
    return await _rate(url, [count // AT_ONCE] * AT_ONCE, _MANY, rows=BATCH)


async def paced(url: str, count: int, *, rate: float) -> list[float]:
    """Seconds from the moment each post was due to its answer, `rate` posts per second due."""
    began = time.perf_counter() + 0.1

    async def connection(first: int) -> list[float]:
        reader, writer = await connect(url)
        waited = []
        for number in range(first, count, CONNECTIONS):
            due = began + number / rate
            await asyncio.sleep(due - time.perf_counter())
            await _stored(reader, writer, _ONE)
            waited.append(time.perf_counter() - due)
        writer.close()
        return waited

    waits = await asyncio.gather(*(connection(first) for first in range(CONNECTIONS)))
    return sorted(one for waited in waits for one in waited)


async def _rate(url: str, shares: list[int], sent: bytes, *, rows: int) -> float:
    async def connection(count: int) -> None:
        reader, writer = await connect(url)
        for _ in range(count):
            await _stored(reader, writer, sent)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*map(connection, shares))
    return sum(shares) * rows / (time.perf_counter() - began)


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> int:
    """The status of the answer, which is read to its end.

    Raises OSError or IncompleteReadError where the service goes away.
    """
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length or 0))
    return int(head.split()[1])


async def _stored(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> None:
    """Again after a 503, as a client does: what a stalled disk costs is part of the rate."""
    while (status := await ask(reader, writer, sent)) == 503:  # noqa: ASYNC110 - nothing rings
        await asyncio.sleep(_AGAIN_SECONDS)
    if status not in _STORED:
        raise RuntimeError(f"answered {status}")
