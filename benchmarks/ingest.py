"""Durable capture against the same endpoint that validates, authenticates and stores nothing;
the same with rows present against an empty table; and batches against a bare COPY.

Each service is a process of its own; the client and PostgreSQL share the machine with it.
"""

import time

import asyncpg
from nlu_shared.environment import variable
from nlu_shared.ids import uuid7

from benchmarks.posting import BATCH, PREDICTION, batches, paced, posts
from benchmarks.rates import ratio_line
from benchmarks.stage import (
    BARE,
    Process,
    administrator_url,
    fill,
    postgres_cpu_seconds,
    serving,
)
from tests.fixtures.databases import Clone, Databases
from tests.fixtures.servers import Servers

ROWS = int(variable("ROWS") or 200000)
"""Present in the full table; `ROWS=5000000 make bench` for the published figure."""
POSTS = 6_400
BATCHES = 24
ROUNDS = 5


async def run(databases: Databases, servers: Servers) -> None:
    empty, full = await databases.clone("nlu_logger"), await databases.clone("nlu_logger")
    await fill(full, ROWS, confidence="random()")
    async with (
        serving(empty, servers) as durable,
        serving(full, servers) as on_full,
        serving(empty, servers, program=BARE) as bare,
    ):
        everyone = (durable, on_full, bare)
        for process in everyone:  # connections made, caches warm
            await posts(process.url, POSTS // 4)
        single = [[await posts(one.url, POSTS) for one in everyone] for _ in range(ROUNDS)]
        _tell("durable single posts", single, unit="posts/s")
        await _tell_cpu(durable, bare, servers)
        await _tell_waits(durable, rate=sorted(row[0] for row in single)[ROUNDS // 2] / 2)
        many = [[await batches(one.url, BATCHES) for one in everyone] for _ in range(ROUNDS)]
        _tell("rows in batches", many, unit="rows/s")
        copies = [(await batches(durable.url, BATCHES), await _copied(empty)) for _ in range(3)]
    print(ratio_line("rows in batches", copies, unit="rows/s", against="COPY"))


def _tell(what: str, rates: list[list[float]], *, unit: str) -> None:
    print(
        ratio_line(what, [(row[0], row[2]) for row in rates], unit=unit, against="validated only")
    )
    present = f"{what}, {ROWS} rows present"
    print(ratio_line(present, [(row[1], row[0]) for row in rates], unit=unit, against="none"))
    print(
        ratio_line(
            present, [(row[1], row[2]) for row in rates], unit=unit, against="validated only"
        )
    )


async def _tell_cpu(durable: Process, bare: Process, servers: Servers) -> None:
    """Unlike rates, hardly moved by what else the machine does."""
    database = await postgres_cpu_seconds(servers)
    ours = [-durable.cpu_seconds(), -bare.cpu_seconds()]
    await posts(durable.url, POSTS)
    database = await postgres_cpu_seconds(servers) - database
    await posts(bare.url, POSTS)
    stored, validated = (
        (before + process.cpu_seconds()) / POSTS * 1000
        for before, process in zip(ours, (durable, bare), strict=True)
    )
    print(
        f"CPU per prediction: {stored:.2f} ms of the service and"
        f" {database / POSTS * 1000:.2f} ms of PostgreSQL; validated only: {validated:.2f} ms"
    )


async def _tell_waits(process: Process, *, rate: float) -> None:
    waits = await paced(process.url, POSTS, rate=rate)
    half, most = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    print(f"at {rate:.0f} posts/s: median {half * 1000:.1f} ms, p99 {most * 1000:.1f} ms")


async def _copied(database: Clone) -> float:
    """Rows per second of one COPY into the same table with the same indexes."""
    administrator = await asyncpg.connect(administrator_url(database))
    rows = [(uuid7(), *PREDICTION.values(), "") for _ in range(BATCHES * BATCH)]
    columns = ["id", *PREDICTION, "body_hash"]
    began = time.perf_counter()
    await administrator.copy_records_to_table("nlu_prompt_logs", records=rows, columns=columns)
    rate = len(rows) / (time.perf_counter() - began)
    await administrator.close()
    return rate
