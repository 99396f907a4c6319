"""No answer is paid twice: not by two runs, not by two deliveries, not by two workers."""

import pytest
from induction.resources import open_resources
from nlu_shared.kit.process.jobs import connect
from nlu_shared.schemas.jobs import EXECUTE_RUN, INDUCTION_QUEUE

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import answered, asked_in_vain, events, reached, shown, sql, start

FEW = {"iterations": 2}


@pytest.mark.law
@pytest.mark.long
async def test_a_second_run_asks_nothing_that_the_first_was_answered(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as stack:
        await make_task(stack, "shared", cases=24)
        async with stack.working():
            first = await start(stack, "shared", limits=FEW)
            await reached(stack, first, "completed")
            before = await answered(stack)
            second = await start(stack, "shared", limits=FEW)
            seen = await reached(stack, second, "completed")
        after = await answered(stack)
        assert await asked_in_vain(stack) == 0
        assert seen["spend"]["cached_calls"] > 0
        assert sum(after.values()) - sum(before.values()) == seen["spend"]["calls"]
        assert (await shown(stack, first))["spend"]["cached_calls"] == 0


@pytest.mark.law
async def test_the_same_run_again_is_the_same_run_for_nothing(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as stack:
        await make_task(stack, "again", cases=12)
        async with stack.working():
            first, second = [
                await reached(stack, await start(stack, "again", kind="evaluate"), "completed")
                for _ in range(2)
            ]
        assert await events(stack, first["id"]) == await events(stack, second["id"])
        assert second["spend"]["calls"] == 0
        assert second["spend"]["cached_calls"] == first["spend"]["calls"]


@pytest.mark.law
async def test_a_job_delivered_many_times_to_two_workers_is_one_run(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers) as stack:
        await make_task(stack, "rung", cases=24)
        run = await start(stack, "rung", limits=FEW)
        async with stack.working(), stack.working():
            redis = await connect(servers.redis_url)
            for number in range(5):
                await redis.enqueue_job(
                    EXECUTE_RUN, run, _job_id=f"{run}-{number}", _queue_name=INDUCTION_QUEUE
                )
            await redis.aclose()
            seen = await reached(stack, run, "completed")
        history = await events(stack, run)
        assert [one["type"] for one in history].count("run_started") == 1
        assert [one["type"] for one in history].count("run_finished") == 1
        assert await asked_in_vain(stack) == 0
        assert sum((await answered(stack)).values()) == seen["spend"]["calls"]
        (row,) = await sql(stack, "SELECT fence FROM runs WHERE id = $1", run)
        assert row["fence"] == 1


@pytest.mark.law
@pytest.mark.long
async def test_a_finished_run_rung_for_again_stays_as_it_is(stack: Stack) -> None:
    await make_task(stack, "finished", cases=8)
    run = await start(stack, "finished", kind="evaluate")
    async with stack.working():
        seen = await reached(stack, run, "completed")
        history = await events(stack, run)
        async with open_resources(stack.settings):
            redis = await connect(stack.settings.redis)
            await redis.enqueue_job(EXECUTE_RUN, run, _queue_name=INDUCTION_QUEUE)

            async def taken() -> bool:
                return await redis.zcard(INDUCTION_QUEUE) == 0

            await until(taken)
            await redis.aclose()
        other = await start(stack, "finished", kind="evaluate")
        await reached(stack, other, "completed")
    assert await shown(stack, run) == seen
    assert await events(stack, run) == history
