"""How these tests run with Message Batches, and what must hold at the end whatever happened."""

from typing import Any

from tests.fixtures.stack import Stack
from tests.induction.runs.driving import sql

QUICK: dict[str, Any] = {
    "batch_calls": 12,
    "batch_poll_seconds": 0.05,
    "batch_settling_seconds": 0.0,
    "poll_seconds": 0.1,
}
"""Settings with which small evaluations are batches, and nothing is waited for."""
BATCHES = """
SELECT batch.*, array_agg(DISTINCT coalesce(calls.outcome, 'open')) AS outcomes,
    count(*)::int AS size
FROM llm_batches AS batch JOIN llm_batch_calls AS calls ON batch_id = id
WHERE run_id = $1 GROUP BY id ORDER BY created_at, id
"""
BROKEN = """
SELECT
    (SELECT count(*) FROM llm_batches WHERE ended_at IS NULL) AS open,
    (SELECT count(*) FROM llm_batch_calls WHERE outcome IS NULL) AS undecided,
    (SELECT count(*) FROM llm_calls WHERE outcome IS NULL AND attempts > 0) AS unanswered,
    (SELECT count(*) FROM llm_calls WHERE attempts < 0 OR reserved_usd < 0 OR cost_usd < 0)
        AS below_nothing,
    (SELECT coalesce(sum(usd), 0) FROM month_spend)
        - (SELECT coalesce(sum(coalesce(cost_usd, reserved_usd)), 0) FROM llm_calls) AS astray,
    (SELECT count(*) FROM (
        SELECT key, sample FROM llm_batch_calls JOIN llm_batches ON id = batch_id
        WHERE outcome = 'succeeded' GROUP BY run_id, key, sample HAVING count(*) > 1
    ) AS twice) AS answered_twice
"""


async def batches(stack: Stack, run: str) -> list[dict[str, Any]]:
    """Those of a run, the oldest first."""
    return [dict(row) for row in await sql(stack, BATCHES, run)]


async def broken(stack: Stack) -> dict[str, Any]:
    """What does not hold of the whole ledger: batches and calls without an end, money astray."""
    (row,) = await sql(stack, BROKEN)
    return {name: value for name, value in row.items() if value}


async def made(stack: Stack) -> list[int]:
    """Requests of each batch that the model's server has made."""
    return list((await stack.model.get("/calls")).json()["batches"])
