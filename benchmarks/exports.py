"""Exported rows against a bare server-side cursor over the same query, and what memory it takes.

The service is a process of its own: its peak is read from the kernel, and the client's work is
not in its way.
"""

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx2
from nlu_logger.exports.service import RETRAINING, ROWS_AT_ONCE

from benchmarks.rates import told
from deploy.local.ports import free_port
from tests.fixtures.databases import Clone, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import client, until

ROWS = int(os.environ.get("EXPORTED_ROWS", "200000"))
ROUNDS = 3
PROGRAM = Path(sys.executable).parent / "nlu-logger"
FILL = """
INSERT INTO nlu_prompt_logs (id, prompt, predicted_intent, confidence, body_hash)
SELECT (lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint - n), 12, '0') || '7000'
        || '8' || lpad(to_hex(n), 15, '0'))::uuid,
    'schedule time for math homework, number ' || n, 'scheduling', 0.9, ''
FROM generate_series(1, $1::int) AS n
"""


async def run(databases: Databases, servers: Servers) -> None:
    database = await databases.clone("nlu_logger")
    await _fill(database)
    async with _serving(database, servers) as (url, process_id):
        before = _megabytes(process_id, "VmRSS")
        pairs = [(await _exported(url), await _bare(database)) for _ in range(ROUNDS)]
        peak = _megabytes(process_id, "VmHWM")
    print(told(f"export of {ROWS} rows", pairs, unit="rows/s", against="bare cursor"))
    print(f"memory of the service: {before:.0f} MB idle, {peak:.0f} MB at its peak")


async def _fill(database: Clone) -> None:
    owner = await asyncpg.connect(database.owner_url)
    await owner.execute(
        "CREATE POLICY filling ON nlu_prompt_logs FOR INSERT TO nlu_logger_owner WITH CHECK (true)"
    )
    await owner.execute(FILL, ROWS, timeout=600)
    await owner.execute("ANALYZE nlu_prompt_logs")
    await owner.close()


@asynccontextmanager
async def _serving(database: Clone, servers: Servers) -> AsyncIterator[tuple[str, int]]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        PROGRAM,
        *("serve", "--port", str(port)),
        env=os.environ
        | {
            "NLU_LOGGER_DATABASE_URL": database.app_url,
            "NLU_LOGGER_REDIS_URL": servers.redis_url,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"

    async def ready() -> bool:
        try:
            async with client(url) as http:
                return (await http.get("/readyz")).status_code == 200
        except httpx2.TransportError:
            return False

    try:
        await until(ready)
        yield url, process.pid
    finally:
        process.terminate()
        await process.wait()


async def _exported(url: str) -> float:
    """Rows per second of the whole answer."""
    began, lines = time.perf_counter(), 0
    async with client(url) as http, http.stream("GET", "/v1/exports/retraining") as answer:
        async for chunk in answer.aiter_raw():
            lines += chunk.count(b"\n")
    if lines != ROWS:
        raise RuntimeError(f"{lines} of {ROWS} rows came")
    return ROWS / (time.perf_counter() - began)


async def _bare(database: Clone) -> float:
    """Rows per second of the same query, read in the same blocks and thrown away."""
    connection = await asyncpg.connect(database.app_url)
    began = time.perf_counter()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL ROLE nlu_logger_service")
        query = RETRAINING + "ORDER BY p.id"
        cursor = await connection.cursor(query, UUID(int=0), None, 0.8, False)
        while await cursor.fetch(ROWS_AT_ONCE):
            pass
    rate = ROWS / (time.perf_counter() - began)
    await connection.close()
    return rate


def _megabytes(process_id: int, name: str) -> float:
    status = Path(f"/proc/{process_id}/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")
