"""A run that takes its workers with it is not tried for ever."""

import asyncio
import os
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from offline_model.settings import OfflineSettings

from tests.faults.test_a_killed_worker import LEASE_RUNS_OUT, worker
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS, Stack, opened, until
from tests.induction.runs.driving import events, reached, shown, sql, start
from tests.induction.runs.test_verifying import finished

CRASHES = 5
SLOW = OfflineSettings(latency_ms=50)
FENCE = "SELECT fence FROM runs WHERE id = $1"


def engines() -> list[int]:
    """The engines' processes of this one's workers: what their fork server has made."""
    servers = [pid for pid in _children(os.getpid()) if "forkserver" in _command(pid)]
    return [pid for server in servers for pid in _children(server)]


def _children(pid: int) -> list[int]:
    """Of all its threads."""
    lists = [one.read_text() for one in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for children in lists for child in children.split()]


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


async def kill_engines(stack: Stack, run: str, *, until: str) -> None:
    """Each as it comes, until that holds of the run's row."""
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    try:
        while not await owner.fetchval(f"SELECT {until} FROM runs WHERE id = $1", run):
            for pid in engines():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.001)
    finally:
        await owner.close()


@pytest.mark.law
async def test_an_engine_that_dies_five_times_without_progress_fails_the_run(
    stack: Stack,
) -> None:
    await make_task(stack, "poisoned", cases=8)
    run = await start(stack, "poisoned")
    # On a busy machine a worker that renews late has crashed too; here only the engine does.
    async with stack.working(lease_seconds=DEADLINE_SECONDS):
        await kill_engines(stack, run, until="status = 'failed'")
        seen = await shown(stack, run)
    assert (seen["crashes"], seen["last_error"]) == (5, "the engine's process ended with -9")
    reason = (
        "It crashed 5 times in a row without coming any further; the last time the engine's"
        " process ended with -9."
    )
    assert seen["reason"] == reason
    last = (await events(stack, run))[-1]
    assert (last["type"], last["reason"]) == ("run_finished", reason)


@pytest.mark.law
@pytest.mark.long
async def test_a_crash_after_progress_begins_the_count_anew(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=SLOW) as stack:
        await make_task(stack, "recovering", cases=24)
        run = await start(stack, "recovering", limits={"iterations": 1})
        async with stack.working():
            await kill_engines(stack, run, until="crashes >= 2")
            settled = "SELECT 1 FROM llm_calls WHERE run_id = $1 AND outcome IS NOT NULL LIMIT 1"
            await until(partial(sql, stack, settled, run))
            assert (await shown(stack, run))["crashes"] >= 2
            (row,) = await sql(stack, FENCE, run)
            await kill_engines(stack, run, until=f"fence > {row['fence']}")
            seen = await reached(stack, run, "completed")
        # The engine of the claim after may have been killed with it, before it came any further.
        assert seen["crashes"] <= 1


@pytest.mark.long
@pytest.mark.law
async def test_workers_that_are_killed_five_times_over_one_run_fail_it(stack: Stack) -> None:
    """Processes, killed as soon as they have claimed it; four leave it running."""
    await make_task(stack, "deadly", cases=60)
    run = await start(stack, "deadly")
    for crash in range(CRASHES):
        async with worker(stack) as process:
            await until(partial(_claimed, stack, run, crash + 1))
            process.send_signal(signal.SIGKILL)
            await process.wait()
        assert (await shown(stack, run))["status"] == "running"
        await sql(stack, LEASE_RUNS_OUT, run)
    async with stack.working():
        seen = await reached(stack, run)
    assert (seen["status"], seen["crashes"]) == ("failed", CRASHES)
    assert seen["reason"].endswith("the last time its worker no longer renewed its lease.")


async def _claimed(stack: Stack, run: str, fence: int) -> bool:
    return int((await sql(stack, FENCE, run))[0]["fence"]) >= fence


@pytest.mark.law
async def test_a_verification_whose_engine_dies_is_taken_up_again_and_says_nothing_of_the_run(
    stack: Stack,
) -> None:
    run = await finished(stack, "unlucky", kind="evaluate")
    await stack.induction.post(f"/v1/runs/{run}/verify")
    again = "(SELECT attempts >= 2 FROM run_verifications WHERE run_id = runs.id)"
    async with stack.working(lease_seconds=1.5):
        await kill_engines(stack, run, until=again)
        place = f"/v1/runs/{run}/verification"

        async def checked() -> str | None:
            return (await stack.induction.get(place)).json()["outcome"]

        assert await until(checked) == "same"
