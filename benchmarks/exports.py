"""Exported rows against a bare server-side cursor over the same query, and what memory it takes.

The service is a process of its own: its peak is read from the kernel, and the client's work is
not in its way.
"""

import re
import time
from pathlib import Path
from uuid import UUID

import asyncpg
from nlu_logger.exports.service import RETRAINING, ROWS_AT_ONCE
from nlu_shared.environment import variable

from benchmarks.rates import ratio_line
from benchmarks.stage import fill, serving
from tests.fixtures.databases import Clone, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import client

ROWS = int(variable("EXPORTED_ROWS") or 200000)
ROUNDS = 3


async def run(databases: Databases, servers: Servers) -> None:
    database = await databases.clone("nlu_logger")
    await fill(database, ROWS)
    async with serving(database, servers) as service:
        before = _megabytes(service.pid, "VmRSS")
        pairs = [(await _exported(service.url), await _bare(database)) for _ in range(ROUNDS)]
        peak = _megabytes(service.pid, "VmHWM")
    print(ratio_line(f"export of {ROWS} rows", pairs, unit="rows/s", against="bare cursor"))
    print(f"memory of the service: {before:.0f} MB idle, {peak:.0f} MB at its peak")


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
    match = re.search(rf"{name}:\s+(\d+) kB", status)
    return int(match[1]) / 1024 if match else float("nan")
