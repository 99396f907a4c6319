"""A limit of minutes is a promise: no call is on its way past it, and a search ends before."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from induction.task_kinds.base import Outcome
from offline_model.settings import OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import reached, sql, start
from tests.induction.runs.test_asking_ahead import Provider, open_ledger, question

pytestmark = pytest.mark.law
LAST = """
SELECT coalesce(extract(epoch FROM max(call.settled_at) - run.started_at), 0)::float8 / 60
    AS minutes
FROM llm_calls AS call JOIN runs AS run ON run.id = call.run_id
WHERE run.id = $1 GROUP BY run.started_at
"""
SETTLING = 0.01
"""Minutes that a commit takes at most."""


async def last_row(stack: Stack, run: str) -> float:
    """Minutes after its first claim at which the run's last call was settled, refused or cut."""
    (row,) = await sql(stack, LAST, run)
    return float(row["minutes"])


async def verified(stack: Stack, run: str) -> str:
    await stack.induction.post(f"/v1/runs/{run}/verify")

    async def checked() -> Any:
        return (await stack.induction.get(f"/v1/runs/{run}/verification")).json()["outcome"]

    return str(await until(checked))


@pytest.fixture(scope="module")
async def slow(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    """Its model takes its time, and its worker has its engine loaded."""
    model = OfflineSettings(latency_ms=50)
    async with opened(databases, servers, model=model, concurrency=1) as stack:
        await make_task(stack, "ahead", cases=4)
        async with stack.working():
            await reached(stack, await start(stack, "ahead", kind="evaluate"), "completed")
        yield stack


async def test_a_block_that_has_begun_is_not_finished_past_the_minutes(slow: Stack) -> None:
    await make_task(slow, "hasty", cases=100)
    run = await start(slow, "hasty", kind="evaluate", limits={"minutes": 0.03})
    async with slow.working():
        seen = await reached(slow, run)
        assert await verified(slow, run) == "same"
    assert (seen["status"], seen["reason"]) == ("completed", "minutes: the limit of 0.03 minutes")
    assert seen["spend"]["calls"] < 40
    assert await last_row(slow, run) < 0.03 + SETTLING


@pytest.mark.long
async def test_a_search_out_of_time_ends_with_a_verdict_within_its_minutes(slow: Stack) -> None:
    await make_task(slow, "punctual", cases=100)
    run = await start(slow, "punctual", limits={"minutes": 0.1})
    async with slow.working(concurrency=4):
        seen = await reached(slow, run)
        assert await verified(slow, run) == "same"
    assert seen["reason"] == "minutes: the limit of 0.1 minutes"
    assert seen["verdict"] is not None
    assert await last_row(slow, run) < 0.1 + SETTLING


async def test_what_waits_for_a_slot_at_the_deadline_is_refused(slow: Stack) -> None:
    provider = Provider(seconds=0.05)
    async with open_ledger(slow, provider, epoch=201, seconds=1.5) as ledger:
        answers = await ledger.complete(question(0, 400), question(400, 4))
        assert ledger.is_short_of(1)
    outcomes = [one.outcome for one in answers]
    answered = outcomes.index(Outcome.OUT_OF_TIME)
    assert 0 < answered == len(provider.samples) < 400
    assert set(outcomes[:answered]) == {Outcome.OK}
    assert set(outcomes[answered:]) == {Outcome.OUT_OF_TIME}
    assert answers[-1].text == "the limit of 3 minutes"
    rows = await sql(slow, "SELECT cost_usd FROM llm_calls WHERE epoch = 201 AND attempts = 0")
    assert [row["cost_usd"] for row in rows] == [0] * (400 - answered)


async def test_what_is_cut_off_is_booked_as_the_most_it_can_cost(slow: Stack) -> None:
    provider = Provider(never=2)
    async with open_ledger(slow, provider, epoch=202, seconds=2) as ledger:
        answers = await ledger.complete(question(0, 4))
    assert [one.outcome for one in answers] == [
        *(Outcome.OK, Outcome.OK, Outcome.OUT_OF_TIME, Outcome.OK)
    ]
    (cut,) = await sql(
        slow, "SELECT * FROM llm_calls WHERE epoch = 202 AND outcome = 'out_of_time'"
    )
    assert (cut["attempts"], cut["cost_usd"]) == (1, cut["reserved_usd"])
    assert cut["cost_usd"] > 0


async def test_so_many_more_answers_take_as_long_as_those_before(slow: Stack) -> None:
    provider = Provider(seconds=0.05)
    async with open_ledger(slow, provider, epoch=203, seconds=20) as ledger:
        assert not ledger.is_short_of(10_000)
        await ledger.complete(question(0, 8))
        assert ledger.is_short_of(10_000)
        assert not ledger.is_short_of(40)


async def test_how_long_a_probe_waits_says_nothing_of_how_quickly_cases_are_answered(
    slow: Stack,
) -> None:
    """A first answer may wait until its model is loaded."""
    provider = Provider(seconds=1)
    async with open_ledger(slow, provider, epoch=204, seconds=20) as ledger:
        probe = await ledger.probe(replace(question(0, 1)[0], purpose="probe"))
        assert probe.outcome is Outcome.OK
        provider.seconds = 0.05
        await ledger.complete(question(0, 8))
        assert not ledger.is_short_of(400)
