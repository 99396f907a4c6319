"""Answers of runs that ended long ago go, where an operator says so; what was found stays."""

from hashlib import sha256

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, until
from tests.induction.runs.driving import reached, shown, sql, start

TEXTS = "SELECT key, text, text_hash FROM llm_calls WHERE run_id = $1 ORDER BY key"
LONG_AGO = "UPDATE runs SET completed_at = completed_at - interval '31 days' WHERE id = $1"


@pytest.mark.law
async def test_old_answers_leave_their_hashes_and_serve_nobody(stack: Stack) -> None:
    await make_task(stack, "old", cases=12)
    old = await start(stack, "old", kind="evaluate")
    async with stack.working():
        scored = await reached(stack, old, "completed")
    before = await sql(stack, TEXTS, old)
    await sql(stack, LONG_AGO, old)

    async def pruned() -> bool:
        return all(row["text"] is None for row in await sql(stack, TEXTS, old))

    async with stack.working(answer_days=30, forget_seconds=0.05):
        await until(pruned)
        new = await start(stack, "old", kind="evaluate")
        again = await reached(stack, new, "completed")
        await stack.induction.post(f"/v1/runs/{old}/verify")

        async def checked() -> dict[str, str] | None:
            seen = (await stack.induction.get(f"/v1/runs/{old}/verification")).json()
            return seen if seen["completed_at"] else None

        verification = await until(checked)
    after = await sql(stack, TEXTS, old)
    assert [row["key"] for row in after] == [row["key"] for row in before]
    assert [row["text_hash"] for row in after] == [
        sha256(row["text"].encode()).hexdigest() for row in before
    ]
    assert (await shown(stack, old))["spend"] == scored["spend"]
    assert again["spend"]["calls"] == scored["spend"]["calls"]
    assert [row["text"] for row in await sql(stack, TEXTS, new)] == [row["text"] for row in before]
    assert verification["outcome"] == "unchecked"
    assert "no longer kept" in verification["reason"]
