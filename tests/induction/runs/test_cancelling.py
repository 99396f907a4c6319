"""A cancellation is seen the moment it is asked for, and no call starts a second after it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nlu_shared.client.runs import follow_run
from nlu_shared.schemas.events import RunFinished
from offline_model.settings import Fault, OfflineSettings

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.lateness import waiting
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import reached, shown, sql, start

BUSY = OfflineSettings(latency_ms=100)
LATEST_START = """
SELECT extract(epoch FROM max(created_at) - $2::timestamptz)::float8 AS after
FROM llm_calls WHERE run_id = $1
"""


@asynccontextmanager
async def under_way(databases: Databases, servers: Servers) -> AsyncIterator[tuple[Stack, str]]:
    """A run with calls on their way, and minutes of them to come."""
    async with opened(databases, servers, model=BUSY, concurrency=4) as stack:
        await make_task(stack, "unwanted", cases=400)
        run = await start(stack, "unwanted")
        async with stack.working():

            async def calling() -> bool:
                return bool((await shown(stack, run))["spend"]["calls"] > 8)

            await until(calling)
            yield stack, run


@pytest.mark.law
async def test_it_is_on_the_run_at_once_and_no_call_starts_a_second_later(
    databases: Databases, servers: Servers
) -> None:
    async with under_way(databases, servers) as (stack, run):
        assert not (await shown(stack, run))["cancelling"]
        ((moment,),) = await sql(stack, "SELECT clock_timestamp()")
        async with waiting() as wait:
            answer = await stack.induction.post(f"/v1/runs/{run}/cancel")
            assert answer.json()["cancelling"]
            assert (await shown(stack, run))["cancelling"]
            seen = await reached(stack, run)
            assert wait.within(2.0), wait
        assert (seen["status"], seen["cancelling"]) == ("cancelled", False)
        (row,) = await sql(stack, LATEST_START, run, moment)
        print(f"\nthe last call started {row['after']:.3f} s after the cancellation")
        assert row["after"] < 1.0 + wait.late
        calls = seen["spend"]["calls"]
        await asyncio.sleep(0)
        assert (await shown(stack, run))["spend"]["calls"] == calls


FAILING = OfflineSettings(faults={Fault.CUT_STREAM: 1}, fault_arrivals=100, fault_from=4)
ATTEMPTS = """
SELECT coalesce(sum(attempts), 0)::int AS made, coalesce(max(attempts), 0)::int AS of_one
FROM llm_calls WHERE run_id = $1
"""


@pytest.mark.law
@pytest.mark.parametrize(("order", "status"), [("cancel", "cancelled"), ("pause", "paused")])
async def test_what_fails_is_not_attempted_again_once_nobody_wants_it(
    databases: Databases, servers: Servers, order: str, status: str
) -> None:
    """A call has six attempts over half a minute, and each may be billed."""
    async with opened(databases, servers, model=FAILING, concurrency=4) as stack:
        await make_task(stack, "failing", cases=40)
        run = await start(stack, "failing", kind="evaluate")
        async with stack.working():

            async def attempting() -> bool:
                (attempts,) = await sql(stack, ATTEMPTS, run)
                return bool(attempts["of_one"] >= 2)

            await until(attempting)
            async with waiting() as wait:
                await stack.induction.post(f"/v1/runs/{run}/{order}")
                (before,) = await sql(stack, ATTEMPTS, run)
                await reached(stack, run, status)
                assert wait.within(3.0), wait
            (after,) = await sql(stack, ATTEMPTS, run)
        # Within the half second until it was heard, one more of each at most.
        assert after["made"] - before["made"] <= 8


@pytest.mark.law
async def test_it_is_on_the_stream_at_once_and_has_no_number(
    databases: Databases, servers: Servers
) -> None:
    async with under_way(databases, servers) as (stack, run):
        events: list[tuple[float, str, bool]] = []

        async def follow() -> None:
            async with stack.induction.stream("GET", f"/v1/runs/{run}/events") as response:
                number = False
                async for line in response.aiter_lines():
                    if line.startswith("data:"):
                        body = json.loads(line[5:])
                        events.append((time.monotonic(), body["type"], number))
                    number = line.startswith("id:") or (bool(line) and number)

        following = asyncio.create_task(follow())
        await until(lambda: _any(events))
        began = time.monotonic()
        async with waiting() as wait:
            await stack.induction.post(f"/v1/runs/{run}/cancel")
            await reached(stack, run, "cancelled")
        await following
        kinds = [kind for _, kind, _ in events]
        assert kinds.count("cancel_requested") == 1
        assert kinds[-1] == "run_finished"
        ((when, _, has_number),) = [one for one in events if one[1] == "cancel_requested"]
        assert not has_number
        print(f"\non the stream {when - began:.3f} s after the cancellation")
        assert when - began < 1.5 + wait.late


async def test_clients_that_know_only_what_is_stored_read_on(stack: Stack) -> None:
    await make_task(stack, "waiting-still", cases=4)
    run = await start(stack, "waiting-still")
    await stack.induction.post(f"/v1/runs/{run}/cancel")
    url = str(stack.induction.base_url)

    async def read() -> list[object]:
        return [event async for event in follow_run(run, url=url, key=BOOTSTRAP_KEY)]  # type: ignore[arg-type]

    reading = asyncio.create_task(read())
    async with stack.working():
        await reached(stack, run, "cancelled")
        received = await reading
    (finished,) = [one for one in received if isinstance(one, RunFinished)]
    assert finished.status == "cancelled"


async def _any(events: list[tuple[float, str, bool]]) -> bool:
    return bool(events)


@pytest.mark.law
@pytest.mark.long
async def test_what_a_point_has_cost_is_told_while_it_searches_and_after(stack: Stack) -> None:
    await make_task(stack, "priced", cases=60)
    run = await start(stack, "priced", limits={"iterations": 2})
    async with stack.working():

        async def gaining() -> bool:
            spend = (await shown(stack, run))["spend"]
            return spend["notional_usd_per_point"] is not None

        await until(gaining)
        seen = await reached(stack, run, "completed")
    points = 100 * (seen["final_f1"] - seen["baseline_f1"])
    spend = seen["spend"]
    assert spend["usd_per_point"] == 0
    assert spend["notional_usd_per_point"] == pytest.approx(spend["notional_usd"] / points)
