"""Who holds a run, by the database's clock."""

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
