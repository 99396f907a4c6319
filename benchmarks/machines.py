"""Many machines at small scale: three API processes and four workers on one PostgreSQL.

`python -m benchmarks.machines` alone (`APIS=3`, `WORKERS=4`, `RUNS=6`, `FOLLOWERS=30`, `CASES=60`).
PostgreSQL, Redis, each API and each worker are processes of their own, and what a worker says to
PostgreSQL goes over TCP through a relay, as from another machine. Runs are ordered from each API in
turn while followers of every one stand on all, a provider answers 429 now and then, a worker is
killed, a key is revoked at one API and another asks more than it may. What has to hold at the end
is read in SQL and at the model's server; where it does not, this raises.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal

import httpx2
from offline_model.settings import Fault, OfflineSettings

from benchmarks.stage import INDUCTION, program
from tests.faults import audit
from tests.faults.accounting import books, counted
from tests.faults.storm import Storm, stage
from tests.fixtures.labelled import WORDS, add_case, texts
from tests.fixtures.stack import Stack, client, until
from tests.induction.runs.batching import broken
from tests.induction.runs.driving import sql

APIS = int(os.environ.get("APIS", "3"))
WORKERS = int(os.environ.get("WORKERS", "4"))
RUNS = int(os.environ.get("RUNS", "6"))
FOLLOWERS = int(os.environ.get("FOLLOWERS", "30"))
CASES = int(os.environ.get("CASES", "60"))
LEASE_SECONDS = 6.0
KEY_CACHE_SECONDS = 5.0
CAP = 50.0
READS_PER_MINUTE = 120
TOO_MANY = 300
"""Requests of one key to each API at once."""
MODEL = OfflineSettings(
    latency_ms=50, jitter_ms=100, faults={Fault.RATE_LIMITED: 40}, retry_after_s=1
)
LIMITS = {"iterations": 1, "money_usd": 5, "minutes": 1_000}
RUN_SECONDS = 1_800.0
_LAST = "SELECT id::text, status, last_event FROM runs"
_ENDINGS = """
SELECT count(*) FROM runs WHERE last_event <> (
    SELECT count(*) FROM run_events WHERE run_id = runs.id AND n BETWEEN 1 AND last_event
) OR 1 <> (
    SELECT count(*) FROM run_events WHERE run_id = runs.id AND body->>'type' = 'run_finished'
)
"""
_ANSWERS = "SELECT count(*) FROM llm_calls WHERE outcome IS NOT NULL AND NOT cached"


@dataclass
class Follower:
    """One stream of all runs; `read` are the numbers it was sent of each."""

    read: dict[str, list[int]] = field(default_factory=dict)
    """By run."""

    async def listen(self, url: str, runs: Sequence[str]) -> None:
        """Until the server says that all are over."""
        async with (
            client(url) as http,
            http.stream("GET", "/v1/events", params={"run": list(runs)}) as answer,
        ):
            if answer.status_code != 200:
                raise RuntimeError(f"a stream did not open: {answer.status_code}")
            id = None
            async for line in answer.aiter_lines():
                if line.startswith("id: "):
                    id = line.removeprefix("id: ").split(".")
                elif line.startswith("data: ") and id is not None:
                    run = json.loads(line.removeprefix("data: "))["run_id"]
                    self.read.setdefault(run, []).append(int(id[runs.index(run)]))
                elif not line:
                    id = None


@dataclass(frozen=True)
class Limited:
    admitted: int
    refused: int
    seconds: float


async def ordered(stack: Stack, urls: Sequence[str]) -> list[str]:
    """A run of each task, from each API in turn."""
    runs = []
    for number in range(RUNS):
        task = await _task(stack, number)
        async with client(urls[number % len(urls)]) as http:
            order = {"task": task, "limits": LIMITS}
            answer = await http.post("/v1/runs", json=order)
        answer.raise_for_status()
        runs.append(str(answer.json()["id"]))
    return runs


async def _task(stack: Stack, number: int) -> str:
    """With labels of its own: two runs that ask the same at the same moment would both pay."""
    task = f"machines-{number}"
    names = {word: f"{word}-{number}" for word in WORDS}
    made = await stack.induction.post(
        "/v1/tasks",
        json={"slug": task, "kind": "intent", "labels": [{"name": one} for one in names.values()]},
    )
    made.raise_for_status()
    first = await stack.induction.post(f"/v1/prompts/{task}/versions", json={"promote": True})
    first.raise_for_status()
    for text, label in texts(CASES, seed=number):
        await add_case(stack.logger, task, text, names[label])
    return task


async def key_of(url: str, name: str) -> tuple[str, str]:
    """The id of a new key that reads runs, and the key."""
    async with client(url) as http:
        answer = await http.post("/v1/admin/keys", json={"name": name, "scopes": ["runs:read"]})
    answer.raise_for_status()
    return str(answer.json()["id"]), str(answer.json()["key"])


async def revoked(urls: Sequence[str], runs: Sequence[str]) -> list[float]:
    """Seconds until each API, which knew the key, refuses it, and has ended its stream. It is
    revoked at the first."""
    id, key = await key_of(urls[0], "to be revoked")
    async with AsyncExitStack() as open_clients:
        callers = [await open_clients.enter_async_context(client(url, key)) for url in urls]
        for caller in callers:
            (await caller.get("/v1/runs")).raise_for_status()
        streams = [asyncio.create_task(_drained(caller, runs)) for caller in callers]
        await asyncio.sleep(1)
        async with client(urls[0]) as http:
            (await http.delete(f"/v1/admin/keys/{id}")).raise_for_status()
        began = time.perf_counter()
        return await asyncio.gather(
            *(_refused(*both, began) for both in zip(callers, streams, strict=True))
        )


async def _drained(caller: httpx2.AsyncClient, runs: Sequence[str]) -> None:
    async with caller.stream("GET", "/v1/events", params={"run": list(runs)}) as answer:
        async for _ in answer.aiter_bytes():
            pass


async def _refused(caller: httpx2.AsyncClient, stream: "asyncio.Task[None]", began: float) -> float:
    async def holds() -> bool:
        return (await caller.get("/v1/runs")).status_code == 401

    await until(holds)
    await stream
    return time.perf_counter() - began


async def limited(urls: Sequence[str]) -> list[Limited]:
    """What one key is answered that asks each API more than a process admits of it."""
    _, key = await key_of(urls[0], "too eager")
    return await asyncio.gather(*(_asked_too_much(url, key) for url in urls))


async def _asked_too_much(url: str, key: str) -> Limited:
    began = time.perf_counter()
    async with client(url, key) as http:
        answers = [(await http.get("/v1/runs", params={"limit": 1})) for _ in range(TOO_MANY)]
    seconds = time.perf_counter() - began
    refused = [one for one in answers if one.status_code == 429]
    if any("retry-after" not in one.headers for one in refused):
        raise RuntimeError("a refusal does not say when to come again")
    return Limited(sum(one.is_success for one in answers), len(refused), seconds)


def require(holds: bool, what: str) -> None:
    if not holds:
        raise RuntimeError(what)


async def main() -> None:
    async with (
        stage(
            model=MODEL,
            month_cap_usd=CAP,
            lease_seconds=LEASE_SECONDS,
            key_cache_seconds=KEY_CACHE_SECONDS,
        ) as (stack, postgres, redis, data),
        AsyncExitStack() as processes,
    ):
        await audit.install(stack.induction_database)
        settings = {
            **stack.environment(),
            "INDUCTION_KEY_CACHE_SECONDS": str(KEY_CACHE_SECONDS),
            "INDUCTION_READS_PER_MINUTE": str(READS_PER_MINUTE),
        }
        urls = [
            await processes.enter_async_context(program(*INDUCTION, environment=settings))
            for _ in range(APIS)
        ]
        storm = Storm(stack, postgres, redis, data, random.Random(1), size=WORKERS)  # noqa: S311
        runs = await ordered(stack, urls)
        followers = [Follower() for _ in range(FOLLOWERS)]
        began = time.perf_counter()
        try:
            await storm.man()
            listening = [
                asyncio.create_task(one.listen(urls[number % APIS], runs))
                for number, one in enumerate(followers)
            ]
            heard = await revoked(urls, runs)
            admitted = await limited(urls)
            await storm.kill()
            await storm.man()
            async with asyncio.timeout(RUN_SECONDS):
                await asyncio.gather(*listening)
        finally:
            await storm.stop()
        lasted = time.perf_counter() - began
        await _checked(stack, followers, heard, admitted, lasted)


async def _checked(
    stack: Stack,
    followers: Sequence[Follower],
    heard: Sequence[float],
    admitted: Sequence[Limited],
    lasted: float,
) -> None:
    """Raises RuntimeError where something does not hold; prints what was measured."""
    audited = await audit.findings(stack.induction_database)
    ours, server = await books(stack), await counted(str(stack.model.base_url))
    rows = await sql(stack, _LAST)
    ((broken_histories,),) = await sql(stack, _ENDINGS)
    ((answers,),) = await sql(stack, _ANSWERS)
    require({row["status"] for row in rows} == {"completed"}, "a run did not complete")
    require(broken_histories == 0, "a run's events have a gap, or no single end")
    require((audited.stolen, audited.claimed_twice) == (0, 0), "a run was driven twice")
    require(audited.strange_writes == 0, "somebody wrote who did not hold the run")
    require(audited.settled_asked_again == 0, "a settled call was asked again")
    require(server.usd <= ours.booked <= Decimal(CAP), "the books do not hold what was spent")
    require(await broken(stack) == {}, "the ledger does not add up")
    expected = {row["id"]: list(range(1, row["last_event"] + 1)) for row in rows}
    lacking = sum(one.read != expected for one in followers)
    require(lacking == 0, f"{lacking} followers lack an event")
    late = max(heard)
    require(late < 2 * KEY_CACHE_SECONDS + 5, f"a revocation was heard after {late:.1f} s")
    for one in admitted:
        most = READS_PER_MINUTE * (1 + one.seconds / 60) + 1
        require(one.admitted <= most, f"{one.admitted} admitted, {most:.0f} are allowed")
    print(
        f"{APIS} APIs, {WORKERS} workers, {len(rows)} runs in {lasted:.0f} s:"
        f" {answers / lasted:.1f} answers/s, {audited.claims} claims, one worker killed\n"
        f"0 driven twice, 0 settled calls asked again, true {server.usd} <= booked {ours.booked}\n"
        f"{len(followers)} followers on all APIs: none cut, none lacks an event\n"
        f"a revocation is heard by every API and its streams after {late:.1f} s"
        f" (keys are trusted for {KEY_CACHE_SECONDS:g} s)\n"
        f"of {TOO_MANY} requests of one key to each API:"
        f" {', '.join(str(one.admitted) for one in admitted)} answered,"
        f" {', '.join(str(one.refused) for one in admitted)} told to come later"
    )


if __name__ == "__main__":
    asyncio.run(main())
