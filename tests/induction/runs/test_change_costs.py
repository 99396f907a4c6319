"""What each change of a run has cost: what the run spent between the end of one and of the next."""

from uuid import UUID

import pytest
from induction.history.costs import costs_of
from induction.history.models import RunChangeRow

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, start

Ended = tuple[int, int | None, bool]
"""Iteration, calls by then, and whether it is a rung."""


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ([], []),
        ([(1, 90, True)], [(90, 1)]),
        ([(1, 80, True), (1, 90, True), (2, 120, False)], [(90, 2), (90, 2), (30, 1)]),
        ([(1, 90, True), (2, 91, False), (2, 130, False)], [(90, 1), (1, 1), (39, 1)]),
        ([(1, 90, False), (2, 90, False)], [(90, 1), (0, 1)]),
        ([(1, 90, True), (2, None, False)], [(90, 1), None]),
        ([(1, None, True), (2, 40, False)], [None, (40, 1)]),
    ],
    ids=[
        "none", "one", "rungs, which are tried together", "one refused after another",
        "from memory", "one that is open", "of an older run",
    ],
)  # fmt: skip
def test_a_change_costs_what_was_spent_since_the_one_before(
    ended: list[Ended], expected: list[tuple[int, int] | None]
) -> None:
    rows = [
        RunChangeRow(
            run_id=UUID(int=1),
            n=n,
            iteration=iteration,
            change={"rationale": "Shows some."} if is_rung else None,
            spent_calls=calls,
            spent_usd=None if calls is None else calls / 1_000,
        )
        for n, (iteration, calls, is_rung) in enumerate(ended, 1)
    ]
    costs = costs_of(rows)
    assert [one and (one.calls, one.changes) for one in costs] == expected
    assert all(one is None or one.usd == pytest.approx(one.calls / 1_000) for one in costs)


@pytest.mark.law
async def test_what_the_changes_of_a_run_cost_adds_up_to_no_more_than_it_spent(
    stack: Stack,
) -> None:
    await make_task(stack, "costly", cases=60)
    run_id = await start(stack, "costly", limits={"iterations": 2})
    async with stack.working():
        run = await reached(stack, run_id)
    costs = [one["cost"] for one in run["changes"]]
    assert all(costs)
    calls = sum(one["calls"] / one["changes"] for one in costs)
    usd = sum(one["usd"] / one["changes"] for one in costs)
    assert 0 < calls <= run["spend"]["calls"]
    assert usd <= run["spend"]["usd"] + 1e-9
