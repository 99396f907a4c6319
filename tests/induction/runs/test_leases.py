"""Who holds a run, by the database's clock."""

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import reached, sql, start


async def test_a_lease_by_a_clock_that_was_ahead_keeps_no_run_waiting(stack: Stack) -> None:
    await make_task(stack, "ahead", cases=8)
    run = await start(stack, "ahead", kind="evaluate")
    await sql(
        stack,
        "UPDATE runs SET status = 'running', lease_until = now() + interval '120 days'"
        " WHERE id = $1",
        run,
    )
    async with stack.working():
        await reached(stack, run, "completed")


@pytest.mark.law
async def test_one_run_is_claimed_at_a_time_where_the_database_knows_of_one_row(
    stack: Stack,
) -> None:
    """The choice of the next run is joined by a loop then, and made anew for each row unless it is
    materialised: each time it passes over what the statement has taken, and takes another."""
    await make_task(stack, "several", cases=8)
    runs = [await start(stack, "several", kind="evaluate")]
    await sql(stack, "ANALYZE runs")
    runs += [await start(stack, "several", kind="evaluate") for _ in range(2)]
    async with stack.working(runs_at_once=1):
        for run in runs:
            await reached(stack, run, "completed")
