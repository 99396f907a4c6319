"""A worker killed at any moment: the run ends with the same prompt, and no settled call is paid
for twice. Calls are counted by the model's server, not by us."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from offline_model.settings import OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers, running_servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.tasks.changing import TOPICS, define

pytestmark = pytest.mark.law

KILLS = int(os.environ.get("KILLS", "2"))
"""Two in the suite; `KILLS=20 make laws ARGS=tests/faults` for the published figure."""
CASES = 60
SLOW_ENOUGH_TO_HIT = OfflineSettings(latency_ms=25)
SETTLED = "SELECT count(*) FROM llm_calls WHERE run_id = $1 AND outcome IS NOT NULL"
FLYING = "SELECT count(*) FROM llm_calls WHERE run_id = $1 AND outcome IS NULL"
LEASE_RUNS_OUT = "UPDATE runs SET lease_until = clock_timestamp() WHERE id = $1"
"""As it does in time; a lease so short that it is worth waiting for is lost on a busy machine."""
OF_LUCK = {"version_id", "cost"}
"""Of each change."""
LUCK = {"id", "created_at", "started_at", "completed_at", "spend", "dataset_hash", "last_error"}


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Durable as in production."""
    with running_servers(durable=True) as started:
        yield started


async def test_kills_while_calls_are_in_flight_change_nothing(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=SLOW_ENOUGH_TO_HIT) as stack:
        killed, unsettled = await finish(stack, kills=KILLS)
        killed_calls = await counted(stack)
        await assert_invariants(stack, killed["id"])
    async with opened(databases, servers, model=SLOW_ENOUGH_TO_HIT) as stack:
        whole, none = await finish(stack, kills=0)
        whole_calls = await counted(stack)
    assert killed["prompt_hash"] == whole["prompt_hash"]
    assert lasting(killed) == lasting(whole)
    assert set(killed_calls) == set(whole_calls)
    assert sum(whole_calls.values()) == whole["spend"]["calls"]
    # Only what had no stored answer at the moment of a kill is asked again.
    again = sum(killed_calls.values()) - sum(whole_calls.values())
    assert none == 0
    assert again <= unsettled
    print(
        f"\n{KILLS} kills: {sum(whole_calls.values())} calls without them,"
        f" {again} asked again of {unsettled} that were unsettled at a kill"
    )


@pytest.mark.long
async def test_a_worker_told_to_stop_leaves_its_run_to_the_next(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=SLOW_ENOUGH_TO_HIT) as stack:
        await make_task(stack, "handed", cases=30)
        run = (await stack.induction.post("/v1/runs", json={"task": "handed"})).json()["id"]
        async with worker(stack):
            await until(lambda: _started(stack, run))
        left = await stack.induction.get(f"/v1/runs/{run}")
        assert left.json()["status"] == "waiting"
        async with worker(stack):
            shown = await until(lambda: _over(stack, run))
        assert shown["status"] == "completed"


async def finish(stack: Stack, *, kills: int) -> tuple[dict[str, Any], int]:
    """Runs to the end, killing the worker `kills` times while calls are under way, and changing the
    task's labels each time: the run is held to those it began with.

    The run, and how many calls had been reserved and not settled at the kills, added up.
    """
    unsettled = 0
    await make_task(stack, "killed", cases=CASES)
    run = (await stack.induction.post("/v1/runs", json={"task": "killed"})).json()["id"]
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    try:
        for kill in range(kills):
            settled = await owner.fetchval(SETTLED, run)
            async with worker(stack) as process:
                await _calls_under_way(owner, run, beyond=settled)
                process.send_signal(signal.SIGKILL)
                await process.wait()
            unsettled += await owner.fetchval(FLYING, run)
            assert (await stack.induction.get(f"/v1/runs/{run}")).json()["status"] == "running"
            await define(stack, "killed", [*TOPICS, {"name": f"since kill {kill}"}])
            await owner.execute(LEASE_RUNS_OUT, run)
    finally:
        await owner.close()
    async with worker(stack):
        shown = await until(lambda: _over(stack, run))
    prompt = await stack.induction.get(f"/v1/prompts/killed/versions/{shown['best_version_id']}")
    return {**shown, "prompt_hash": prompt.json()["version_hash"]}, unsettled


async def _calls_under_way(owner: asyncpg.Connection, run: str, *, beyond: int) -> None:
    """This worker has settled something of its own, and more is on its way."""

    async def holds() -> bool:
        return await owner.fetchval(SETTLED, run) > beyond and await owner.fetchval(FLYING, run) > 0

    await until(holds)


@asynccontextmanager
async def worker(stack: Stack) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "induction.cli", "work",
        env={**os.environ, **stack.environment()},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _over(stack: Stack, run: str) -> dict[str, Any] | None:
    shown: dict[str, Any] = (await stack.induction.get(f"/v1/runs/{run}")).json()
    return shown if shown["completed_at"] else None


async def _started(stack: Stack, run: str) -> bool:
    return bool((await stack.induction.get(f"/v1/runs/{run}")).json()["spend"]["calls"])


async def counted(stack: Stack) -> dict[str, int]:
    """Calls answered by the model's server, by request."""
    answer: dict[str, int] = (await stack.model.get("/calls")).json()["by_request"]
    return answer


def lasting(run: dict[str, Any]) -> dict[str, Any]:
    """All of a run that must not depend on luck; ids of rows do, and what was asked twice costs."""
    kept = {
        name: value
        for name, value in run.items()
        if name not in LUCK and not name.endswith("_version_id")
    }
    for name in ("iterations", "changes", "front"):
        kept[name] = [
            {field: value for field, value in one.items() if field not in OF_LUCK}
            for one in run[name]
        ]
    return kept


async def assert_invariants(stack: Stack, run: str) -> None:
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    try:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await owner.fetchval(f"SHOW {name}") == "on"
        numbers = await owner.fetch("SELECT n FROM run_events WHERE run_id = $1 ORDER BY n", run)
        assert [row["n"] for row in numbers] == list(range(1, len(numbers) + 1))
        assert await owner.fetchval(FLYING, run) == 0
        assert await owner.fetchval("SELECT fence FROM runs WHERE id = $1", run) == KILLS + 1
        finished = await owner.fetchval(
            "SELECT count(*) FROM run_events WHERE run_id = $1 AND body->>'type' = 'run_finished'",
            run,
        )
        assert finished == 1
    finally:
        await owner.close()
