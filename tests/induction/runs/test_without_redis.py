"""Redis is expendable: without it runs start by the poll and streams look by the clock."""

import json

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened
from tests.induction.runs.driving import events, reached, sql, start


@pytest.mark.law
async def test_without_redis_a_run_is_driven_and_followed_to_its_end(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, redis_url="redis://127.0.0.1:1") as stack:
        await make_task(stack, "unheard", cases=24)
        run = await start(stack, "unheard", limits={"iterations": 2})
        received: list[tuple[int, dict[str, object]]] = []
        async with (
            stack.working(),
            stack.induction.stream("GET", f"/v1/runs/{run}/events") as stream,
        ):
            number = 0
            async for line in stream.aiter_lines():
                if line.startswith("id:"):
                    number = int(line[3:])
                elif line.startswith("data:"):
                    received.append((number, json.loads(line[5:])))
        await reached(stack, run, "completed")
        stored = await events(stack, run)
        assert received == list(enumerate(stored, start=1))
        # The ring was never delivered and is not lost either.
        assert await sql(stack, "SELECT 1 FROM outbox WHERE job_id = $1", f"run:{run}")
