"""What a Message Batch leaves behind: nothing at its provider once its answers are stored, and here
its row, once the answers of its run are kept no longer."""

import pytest
from offline_model.wire import VERSION as WIRE_VERSION

from tests.faults.accounting import books
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.batching import QUICK, batches, broken
from tests.induction.runs.driving import reached, sql, start
from tests.induction.runs.test_verifying import verified

LONG_AGO = "UPDATE runs SET completed_at = completed_at - interval '31 days' WHERE id = $1"


@pytest.mark.law
async def test_a_batch_that_was_read_is_deleted_and_its_calls_go_with_old_answers(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, provider="anthropic", **QUICK) as stack:
        await make_task(stack, "read", cases=60)
        run = await start(stack, "read", kind="evaluate", batches=True)
        async with stack.working(hasty=True):
            await reached(stack, run, "completed")
            await until(lambda: _deleted(stack, run))
            listed = await stack.model.get(
                "/v1/messages/batches", headers={"anthropic-version": WIRE_VERSION}
            )
            assert listed.json()["data"] == []
            counted = (await stack.model.get("/calls")).json()
            assert counted["batches_deleted"] == len(counted["batches"]) == 2
            assert (await verified(stack, run))["outcome"] == "same"
        booked = await books(stack, run)
        await sql(stack, LONG_AGO, run)
        async with stack.working(answer_days=30, forget_seconds=0.05):
            await until(lambda: _gone(stack))
        rows = await sql(stack, "SELECT state FROM llm_batches WHERE run_id = $1", run)
        assert [row["state"] for row in rows] == ["ended", "ended"]
        assert await books(stack, run) == booked
        assert await broken(stack) == {}


async def _deleted(stack: Stack, run: str) -> bool:
    return all(one["deleted_at"] for one in await batches(stack, run))


async def _gone(stack: Stack) -> bool:
    return not await sql(stack, "SELECT 1 FROM llm_batch_calls")
