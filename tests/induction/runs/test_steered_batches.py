"""What an operator or a person asks for while a batch is open does not wait for its provider."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from induction.privacy.jobs import forget_once
from induction.resources import open_resources
from offline_model.app import create_app
from offline_model.settings import OfflineSettings

from tests.faults.test_killed_batches import Held, HoldingBack
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS, Stack, opened, serving, until
from tests.induction.cases.forgetting import erase, forgotten, say
from tests.induction.runs.batching import QUICK, batches, broken
from tests.induction.runs.driving import reached, sql, start

CASES = 60
BILLED: dict[str, Any] = {**QUICK, "provider": "anthropic"}
KEPT = "SELECT 1 FROM llm_calls WHERE run_id = $1 AND purpose = 'task' AND text IS NOT NULL"


async def _are_closed(stack: Stack, run: str) -> bool:
    return all(one["ended_at"] for one in await batches(stack, run))


@pytest.mark.law
async def test_a_run_is_cancelled_while_its_provider_says_nothing_of_a_batch(
    databases: Databases, servers: Servers
) -> None:
    gate = HoldingBack(create_app(), Held.RESULTS)
    changed = {**BILLED, "look_seconds": 0.05}
    async with (
        serving(gate) as url,
        opened(databases, servers, anthropic_base_url=url, **changed) as stack,
    ):
        await make_task(stack, "silent", cases=CASES)
        run = await start(stack, "silent", kind="evaluate", batches=True)
        async with stack.working():
            async with asyncio.timeout(DEADLINE_SECONDS):
                await gate.reached.wait()
            await stack.induction.post(f"/v1/runs/{run}/cancel")
            seen = await reached(stack, run)
            assert not gate.let_go.is_set()
            assert (seen["status"], seen["reason"]) == ("cancelled", "cancelled")
            await until(lambda: _are_closed(stack, run))
        (batch,) = await batches(stack, run)
        assert (batch["state"], batch["outcomes"]) == ("ended", ["succeeded"])
        assert await sql(stack, KEPT, run) == []


@pytest.mark.law
async def test_a_case_that_is_erased_while_a_batch_is_open_leaves_no_text(
    databases: Databases, servers: Servers
) -> None:
    """The run is ended, and its batch is settled afterwards."""
    model = OfflineSettings(batch_looks=1_000_000)
    changed = {**BILLED, "forget_seconds": 3_600}
    async with opened(databases, servers, model=model, **changed) as stack:
        await make_task(stack, "erased", cases=CASES)
        person = uuid4()
        case = await say(stack, "erased", person)
        run = await start(stack, "erased", kind="evaluate", batches=True)
        async with stack.working(batch_poll_seconds=3_600):
            await reached(stack, run, "parked")
        await erase(stack, person)
        async with open_resources(stack.settings) as resources:
            await forget_once(resources)
            async with stack.working():
                assert (await reached(stack, run))["status"] == "cancelled"
                await forget_once(resources)
                await until(lambda: _are_closed(stack, run))
        known = await forgotten(stack, case)
        assert (known["forgotten_at"] is None, known["snapshots"]) == (False, 1)
        (batch,) = await batches(stack, run)
        assert (batch["state"], "succeeded" in batch["outcomes"]) == ("ended", True)
        assert await sql(stack, KEPT, run) == []
        assert "astray" not in await broken(stack)
