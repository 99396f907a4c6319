"""How these tests start, watch and look into runs."""

import json
from typing import Any

import asyncpg

from tests.fixtures.stack import Stack, until


async def start(stack: Stack, task: str, **order: object) -> str:
    answer = await stack.induction.post("/v1/runs", json={"task": task, **order})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def shown(stack: Stack, run: str) -> dict[str, Any]:
    answer = await stack.induction.get(f"/v1/runs/{run}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def reached(stack: Stack, run: str, *statuses: str) -> dict[str, Any]:
    """The run once it stands so; any end, where none is named. What is asked ten times a second is
    the row alone: asking the service took a fifth of what a whole run costs."""
    owner = await asyncpg.connect(stack.induction_database.owner_url)

    async def stands() -> dict[str, Any] | None:
        status = await owner.fetchval("SELECT status FROM runs WHERE id = $1", run)
        seen = await shown(stack, run) if status in (statuses or ENDS) else None
        return seen if seen and seen["status"] in (statuses or ENDS) else None

    try:
        return dict(await until(stands))
    finally:
        await owner.close()


ENDS = ("completed", "cancelled", "failed", "superseded")


async def sql(stack: Stack, query: str, *arguments: object) -> list[asyncpg.Record]:
    owner = await asyncpg.connect(stack.induction_database.owner_url)
    try:
        return list(await owner.fetch(query, *arguments))
    finally:
        await owner.close()


async def events(stack: Stack, run: str) -> list[dict[str, Any]]:
    """What the run has said, as stored; its numbers have no gap."""
    rows = await sql(stack, "SELECT n, body FROM run_events WHERE run_id = $1 ORDER BY n", run)
    assert [row["n"] for row in rows] == list(range(1, len(rows) + 1))
    return [json.loads(row["body"]) for row in rows]


async def answered(stack: Stack) -> dict[str, int]:
    """How often the model server answered each request, by the request's hash."""
    return dict((await stack.model.get("/calls")).json()["by_request"])


async def asked_in_vain(stack: Stack) -> int:
    """Answers of the model server that no ledger holds for the first time: asked for twice."""
    different = "SELECT count(DISTINCT (key, sample, epoch)) FROM llm_calls WHERE NOT cached"
    (row,) = await sql(stack, different)
    return sum((await answered(stack)).values()) - int(row[0])
