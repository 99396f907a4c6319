"""A provider that is away changes when a run ends, and nothing that it says."""

import json

import pytest
from offline_model.settings import Fault, OfflineSettings, Role

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import events, reached, shown, sql, start
from tests.induction.runs.test_steering import steer

pytestmark = pytest.mark.law

CASES = 60
AWAY = OfflineSettings(outage_from=1, outage_requests=10_000_000)
SHORT = {"outage_seconds": 0.2, "concurrency": 4}
SWALLOWED = 40
"""Requests: more than four calls at once and a probe make, with six attempts each."""
FIRST_OF_FINAL_LOOK = """
SELECT 1 + count(*) AS number FROM llm_calls WHERE created_at < (
    SELECT created_at FROM run_events WHERE body->>'type' = 'search_stopped')
"""
FIRST_OF_WINNER = """
SELECT 1 + count(*) AS number FROM llm_calls WHERE created_at < (
    SELECT min(created_at) FROM run_events WHERE body->>'split' = 'test')
"""


async def run_through(
    databases: Databases, servers: Servers, model: OfflineSettings
) -> tuple[list[dict[str, object]], dict[str, object], list[int]]:
    """Its events, how it ended, and the numbers of the first requests of its final look, to the
    baseline and to the winner."""
    async with opened(databases, servers, model=model, **SHORT) as stack:
        await make_task(stack, "interrupted", cases=CASES)
        run = await start(stack, "interrupted", limits={"iterations": 2})
        async with stack.working(hasty=True):
            seen = await reached(stack, run)
        numbers = [(await sql(stack, one))[0]["number"] for one in _FIRSTS]
        return await events(stack, run), seen, numbers


_FIRSTS = (FIRST_OF_FINAL_LOOK, FIRST_OF_WINNER)


@pytest.mark.long
async def test_an_outage_at_any_time_changes_no_event(
    databases: Databases, servers: Servers
) -> None:
    """Also where it meets the final look, at the baseline and at the winner."""
    undisturbed, whole, (final_look, winner) = await run_through(
        databases, servers, OfflineSettings(noise=0.1)
    )
    assert whole["outages"] == 0
    for first in (1, final_look // 2, final_look, winner):
        model = OfflineSettings(noise=0.1, outage_from=first, outage_requests=SWALLOWED)
        history, seen, _ = await run_through(databases, servers, model)
        assert seen["outages"] >= 1  # type: ignore[operator]
        assert seen["spend"]["unanswered_calls"] == 0  # type: ignore[index]
        assert history == undisturbed


async def test_while_the_provider_is_away_a_run_is_parked_and_says_so(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=AWAY, outage_seconds=3_600) as stack:
        await make_task(stack, "waiting", cases=8)
        run = await start(stack, "waiting")
        async with stack.working(hasty=True):
            seen = await reached(stack, run, "parked")
        assert seen["reason"] == "The provider does not answer: status 529: overloaded."
        assert (seen["outages"], seen["spend"]["calls"]) == (1, 0)

        async def counted() -> bool:
            page = (await stack.induction.get("/metrics")).text
            return "runs_parked 1.0" in page and "run_outages 1.0" in page

        await until(counted)


async def parked(stack: Stack, run: str) -> None:
    async def once() -> bool:
        return bool((await shown(stack, run)).get("outages"))

    await until(once)


async def test_its_stream_says_why_it_stands_still(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers, model=AWAY, outage_seconds=3_600) as stack:
        await make_task(stack, "standing-still", cases=8)
        run = await start(stack, "standing-still")
        async with stack.working(hasty=True):
            await reached(stack, run, "parked")
        came: list[str] = []
        async with stack.induction.stream("GET", f"/v1/runs/{run}/events") as response:
            async for line in response.aiter_lines():
                came.append(line)
                if line.startswith("data:") and '"run_waits"' in line:
                    break
        waits = json.loads(came[-1][5:])
        assert waits == {"type": "run_waits", "status": "parked", "reason": waits["reason"]}
        assert "529" in waits["reason"]
        # It has no number, so that whoever comes back goes on from the last event.
        assert not any(line.startswith("id:") for line in came[-2:])


@pytest.mark.parametrize(("verb", "status"), [("cancel", "cancelled"), ("pause", "paused")])
async def test_an_operator_is_heard_while_the_provider_is_away(
    databases: Databases, servers: Servers, verb: str, status: str
) -> None:
    async with opened(databases, servers, model=AWAY, **SHORT) as stack:
        await make_task(stack, "heard", cases=8)
        run = await start(stack, "heard")
        async with stack.working(hasty=True):
            await parked(stack, run)
            await steer(stack, run, verb)
            await reached(stack, run, status)


async def test_a_parked_run_is_cancelled_by_the_request_itself(
    databases: Databases, servers: Servers
) -> None:
    """No worker is there: it would ask the provider that does not answer once more."""
    async with opened(databases, servers, model=AWAY, outage_seconds=3_600) as stack:
        await make_task(stack, "let-go", cases=8)
        run = await start(stack, "let-go")
        async with stack.working(hasty=True):
            await reached(stack, run, "parked")
        answer = (await stack.induction.post(f"/v1/runs/{run}/cancel")).json()
        assert (answer["status"], answer["reason"]) == ("cancelled", "cancelled")
        assert not answer["cancelling"]
        last = (await events(stack, run))[-1]
        assert (last["type"], last["status"]) == ("run_finished", "cancelled")
        (row,) = await sql(stack, "SELECT completed_at FROM runs WHERE id = $1", run)
        assert row["completed_at"] is not None
        again = await stack.induction.post(f"/v1/runs/{run}/cancel")
        assert (again.status_code, again.json()["code"]) == (409, "run_over")
        await start(stack, "let-go")


async def test_an_outage_outlasts_no_minutes(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers, model=AWAY, **SHORT) as stack:
        await make_task(stack, "minutes", cases=8)
        run = await start(stack, "minutes", limits={"minutes": 5})
        async with stack.working(hasty=True):
            await parked(stack, run)
            await sql(stack, "UPDATE runs SET started_at = started_at - interval '1 hour'")
            seen = await reached(stack, run)
    assert seen["status"] == "failed"
    assert seen["reason"] == "minutes: used up while the provider did not answer"


@pytest.mark.long
async def test_a_few_requests_that_the_provider_refuses_are_dropped_and_counted(
    databases: Databases, servers: Servers
) -> None:
    """With a 400 that repeats the text, and with a page in place of an answer, again and again."""
    odd = {Fault.REJECTED: 60, Fault.HTML: 60}
    model = OfflineSettings(faults=odd, fault_arrivals=1_000_000, seed=3)
    async with opened(databases, servers, model=model, **SHORT) as stack:
        await make_task(stack, "dropped", cases=2 * CASES)
        run = await start(stack, "dropped", limits={"iterations": 2})
        async with stack.working(hasty=True):
            seen = await reached(stack, run)
        assert seen["status"] == "completed"
        assert seen["verdict"] is not None, seen["reason"]
        assert seen["spend"]["unanswered_calls"] > 0
        assert "unanswered" in (await stack.induction.get("/metrics")).text
        scored = [one for one in await events(stack, run) if one["type"] == "prompt_evaluated"]
        assert sum(one["lost"] for one in scored) > 0
        sizes = seen["splits"]
        assert all(one["cases"] + one["lost"] <= sizes[one["split"]] for one in scored)
        reasons = await sql(stack, "SELECT text FROM llm_calls WHERE outcome IN ('rejected')")
        assert {row["text"] for row in reasons} <= {"status 400: the request is not taken"}


@pytest.mark.long
async def test_a_proposer_that_never_answers_is_not_waited_for_for_ever(
    databases: Databases, servers: Servers
) -> None:
    """Its questions are answered by a page each time, while the task model answers, with noise that
    leaves something to propose."""
    always = {"faults": {Fault.HTML: 1}, "fault_arrivals": 1_000_000}
    model = OfflineSettings(noise=0.2, fault_role=Role.PROPOSER, **always)
    patience = {"outage_seconds": 0.05, "concurrency": 4, "poll_seconds": 0.1}
    async with opened(databases, servers, model=model, **patience) as stack:
        await make_task(stack, "dropped", cases=2 * CASES)
        run = await start(stack, "dropped", limits={"iterations": 2})
        async with stack.working(hasty=True):
            seen = await reached(stack, run)
        assert (seen["status"], seen["outages"]) == ("completed", 5)


async def test_above_a_share_nothing_is_concluded_and_no_look_is_counted(
    databases: Databases, servers: Servers
) -> None:
    model = OfflineSettings(faults={Fault.REJECTED: 5})
    async with opened(databases, servers, model=model, **SHORT) as stack:
        await make_task(stack, "unheard", cases=CASES)
        run = await start(stack, "unheard")
        async with stack.working(hasty=True):
            seen = await reached(stack, run)
        assert (seen["status"], seen["verdict"]) == ("completed", None)
        assert "cases unanswered" in seen["reason"]
        again = await start(stack, "unheard")
        (row,) = await sql(stack, "SELECT looks FROM runs WHERE id = $1", again)
        assert row["looks"] == 0
