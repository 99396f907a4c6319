"""A limit of minutes is a promise: no call is on its way past it, and a search ends before."""

from typing import Any

import pytest
from offline_model.settings import OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import reached, sql, start

LAST = """
SELECT extract(epoch FROM max(call.settled_at) - run.started_at)::float8 / 60 AS minutes
FROM llm_calls AS call JOIN runs AS run ON run.id = call.run_id
WHERE run.id = $1 AND call.outcome <> 'out_of_time' GROUP BY run.started_at
"""
LATE = """
SELECT count(*) AS calls, count(*) FILTER (WHERE attempts > 0) AS sent,
    coalesce(sum(cost_usd), 0) AS usd, coalesce(sum(reserved_usd), 0) AS reserved
FROM llm_calls WHERE run_id = $1 AND outcome = 'out_of_time'
"""
SETTLING = 0.01
"""Minutes that a commit takes at most."""


async def last_answer(stack: Stack, run: str) -> float:
    (row,) = await sql(stack, LAST, run)
    return float(row["minutes"])


async def verified(stack: Stack, run: str) -> str:
    await stack.induction.post(f"/v1/runs/{run}/verify")

    async def checked() -> Any:
        return (await stack.induction.get(f"/v1/runs/{run}/verification")).json()["outcome"]

    return str(await until(checked))


@pytest.mark.law
async def test_a_block_that_has_begun_is_not_finished_past_the_minutes(
    databases: Databases, servers: Servers
) -> None:
    slow = OfflineSettings(latency_ms=100)
    async with opened(databases, servers, model=slow, concurrency=1) as stack:
        await make_task(stack, "hasty", cases=60)
        run = await start(stack, "hasty", kind="evaluate", limits={"minutes": 0.04})
        async with stack.working():
            seen = await reached(stack, run)
            assert await verified(stack, run) == "same"
        (late,) = await sql(stack, LATE, run)
        assert (seen["status"], seen["reason"]) == (
            "completed",
            "minutes: the limit of 0.04 minutes",
        )
        assert 0 < seen["spend"]["calls"] < 30
        assert late["calls"] > 0
        assert await last_answer(stack, run) < 0.04 + SETTLING


async def test_what_is_cut_off_is_booked_as_the_most_it_can_cost(
    databases: Databases, servers: Servers
) -> None:
    silent = OfflineSettings(latency_ms=100_000)
    async with opened(databases, servers, model=silent, provider="anthropic") as stack:
        await make_task(stack, "unheard", cases=8)
        run = await start(stack, "unheard", kind="evaluate", limits={"minutes": 0.02})
        async with stack.working():
            seen = await reached(stack, run)
        (late,) = await sql(stack, LATE, run)
        assert seen["reason"] == "minutes: the limit of 0.02 minutes"
        assert late["sent"] == seen["spend"]["calls"] == 1
        assert late["usd"] == late["reserved"] > 0
        assert seen["spend"]["usd"] == pytest.approx(float(late["usd"]))


@pytest.mark.law
async def test_a_search_ends_in_time_for_its_look_at_the_test_cases(
    databases: Databases, servers: Servers
) -> None:
    slow = OfflineSettings(latency_ms=30)
    async with opened(databases, servers, model=slow, concurrency=4) as stack:
        await make_task(stack, "punctual", cases=100)
        run = await start(stack, "punctual", limits={"minutes": 0.08})
        async with stack.working():
            seen = await reached(stack, run)
            assert await verified(stack, run) == "same"
        assert seen["reason"] == "minutes: the limit of 0.08 minutes"
        assert seen["verdict"]["tested_on"] == "test"
        assert await last_answer(stack, run) < 0.08 + SETTLING
