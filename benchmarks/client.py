"""The spool of the client: what `log()` costs its caller, and what fifty kills cost the log.

`python -m benchmarks.client kills` logs 20,000 predictions while their process is killed 50 times.
"""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import asyncpg
from nlu_shared.client.spool import BlockingSpool
from nlu_shared.client.spool.table import PRAGMAS

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers, running_servers
from tests.fixtures.stack import opened
from tests.shared.client.spool.words import prediction_of

CALLS = 2_000
ROUNDS = 3
KILLS = 50
KILLED_CALLS = 20_000


class Waits(NamedTuple):
    """Milliseconds until a call came back."""

    median: float
    p99: float


async def run(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers) as stack:
        url = str(stack.logger.base_url)
        with tempfile.TemporaryDirectory() as folder:
            rounds = [
                await asyncio.to_thread(_round, Path(folder), url, number)
                for number in range(ROUNDS)
            ]
            spent = await asyncio.to_thread(_seconds, folder, url, CALLS)
            spent -= await asyncio.to_thread(_seconds, folder, url, 0)
    ours, bare = sorted(rounds, key=lambda one: one[0].p99 / one[1].p99)[ROUNDS // 2]
    print(
        f"log() without a pause between calls, p99 in the caller: {ours.p99:.2f} ms (median"
        f" {ours.median:.2f}), bare SQLite insert: {bare.p99:.2f} ms (median {bare.median:.2f}),"
        f" ratio {ours.p99 / bare.p99:.1f} ({ours.median / bare.median:.1f}); CPU of a client per"
        f" 1,000 predictions logged, sent and settled: {spent / CALLS * 1_000_000:.0f} ms"
    )


async def kills(databases: Databases, servers: Servers) -> None:
    """Ends with an error where an acknowledged call is lost or a row is there twice."""
    async with opened(databases, servers) as stack:
        url = str(stack.logger.base_url)
        acknowledged: set[str] = set()
        with tempfile.TemporaryDirectory() as folder:
            for kill in range(KILLS):
                share = KILLED_CALLS // KILLS
                acknowledged |= await _until_killed(folder, url, kill * 1_000_000, share)
            with BlockingSpool(folder, url=url, key=BOOTSTRAP_KEY) as spool:
                if not await asyncio.to_thread(spool.flush, 120):
                    raise RuntimeError("the spool was not emptied")
        owner = await asyncpg.connect(stack.logger_database.owner_url)
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            if await owner.fetchval(f"SHOW {name}") != "on":
                raise RuntimeError(f"{name} is off")
        rows = await owner.fetch("SELECT prompt FROM nlu_prompt_logs WHERE task = 'bench'")
        await owner.close()
    texts = [row["prompt"] for row in rows]
    lost, twice = len(acknowledged - set(texts)), len(texts) - len(set(texts))
    print(
        f"{len(acknowledged)} log() calls acknowledged, {KILLS} kills: {lost} lost,"
        f" {twice} duplicates, {len(texts)} rows"
    )
    if lost or twice:
        raise RuntimeError("an acknowledged call was lost or stored twice")


async def _until_killed(folder: str, url: str, first: int, share: int) -> set[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.shared.client.spool.talker",
        folder, url, "bench", str(first), "1000000",
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"NLU_LOGGER_KEY": BOOTSTRAP_KEY},
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101
    heard: set[str] = set()
    while len(heard) < share:
        heard.add((await process.stdout.readline()).decode().strip())
    process.send_signal(signal.SIGKILL)
    async for line in process.stdout:
        if line.endswith(b"\n"):
            heard.add(line.decode().strip())
    await process.wait()
    return heard


def _seconds(folder: str, url: str, calls: int) -> float:
    """CPU seconds of a process that logs so many, from its start to the last answer."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tests.shared.client.spool.talker",
         folder, url, "cpu", "0", str(calls)],
        stdout=subprocess.DEVNULL,
        env=os.environ | {"NLU_LOGGER_KEY": BOOTSTRAP_KEY},
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError("the client failed")
    return used.ru_utime + used.ru_stime


def _round(folder: Path, url: str, number: int) -> tuple[Waits, Waits]:
    """Of `log()` and of a bare insert; the sender is at work meanwhile, in need of the GIL too."""
    with BlockingSpool(folder / str(number), url=url, key=BOOTSTRAP_KEY) as spool:
        ours = _waits(lambda n: spool.log(prediction_of("latency", str(n))))
    bare = sqlite3.connect(folder / f"{number}.bare", isolation_level=None)
    for pragma in PRAGMAS:
        bare.execute(f"PRAGMA {pragma}")
    bare.execute("CREATE TABLE facts (id TEXT PRIMARY KEY, body TEXT)")

    def insert(n: int) -> None:
        prediction = prediction_of("latency", str(n))
        row = (str(prediction.id), prediction.model_dump_json())
        bare.execute("INSERT INTO facts VALUES (?, ?)", row)

    theirs = _waits(insert)
    bare.close()
    return ours, theirs


def _waits(call: Callable[[int], None]) -> Waits:
    took: list[float] = []
    for number in range(CALLS):
        began = time.perf_counter()
        call(number)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return Waits(took[CALLS // 2], took[int(CALLS * 0.99)])


async def main(servers: Servers, what: Callable[..., object]) -> None:
    databases = Databases(servers)
    try:
        await (kills if what is kills else run)(databases, servers)
    finally:
        await databases.drop_all()


if __name__ == "__main__":
    with running_servers() as started:
        asyncio.run(main(started, kills if sys.argv[1:] == ["kills"] else run))
