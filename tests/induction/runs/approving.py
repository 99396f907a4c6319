"""How these tests wait for a change that waits, and decide on it."""

from typing import Any

from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, sql

RESTING = "awaiting_approval"
TIME_PASSES = (
    "UPDATE run_approvals SET until = now() - interval '1 second' WHERE run_id = $1",
    "UPDATE runs SET not_before = now() - interval '1 second' WHERE id = $1",
)
"""The end of the wait, as the database's clock has it."""
TWO = {"limits": {"iterations": 2}, "approval": "each-change"}


async def asked_about(stack: Stack, run: str) -> dict[str, Any]:
    """The run, once it rests, and the change it waits for."""
    seen = await reached(stack, run, RESTING, "completed", "failed")
    assert seen["status"] == RESTING, seen["reason"]
    return seen


async def decide(stack: Stack, run: str, n: int, verb: str, **body: str) -> Any:
    return await stack.induction.post(f"/v1/runs/{run}/changes/{n}/{verb}", json=body)


async def decided(stack: Stack, run: str, verb: str, **body: str) -> dict[str, Any]:
    """Every change is decided so until the run is over."""
    while True:
        seen = await reached(stack, run, RESTING, "completed", "failed")
        if seen["status"] != RESTING:
            return seen
        answer = await decide(stack, run, seen["awaits"], verb, **body)
        assert answer.status_code == 200, answer.text


async def time_passes(stack: Stack, run: str) -> None:
    for statement in TIME_PASSES:
        await sql(stack, statement, run)


def of_type(history: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in history if one["type"] == kind]
