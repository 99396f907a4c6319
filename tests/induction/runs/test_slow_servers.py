"""Servers that take their time, ask for it, move or cost: what a worker, an operator and the month
see of that."""

import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.dialects import Server
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened, serving, until
from tests.induction.runs.driving import reached, shown, sql, start
from tests.induction.runs.speaking import CASES, beside


@pytest.mark.law
async def test_a_server_that_asks_for_patience_parks_the_run_before_its_first_event(
    databases: Databases, servers: Servers
) -> None:
    server = Server(faults=[(429, {"retry-after": "3600"}, "{}")])
    async with beside(databases, servers, {"local": server}) as stack:
        run = await start(stack, "spoken", kind="evaluate", models={"task": "local/m"})
        async with stack.working():
            await reached(stack, run, "parked")
            await stack.induction.post(f"/v1/runs/{run}/resume")
            over = await reached(stack, run)
    assert (over["status"], server.answered) == ("completed", CASES + 1)


@pytest.mark.law
async def test_answers_stay_with_the_server_that_gave_them(
    databases: Databases, servers: Servers
) -> None:
    """A name of the provider stays, its address moves to another server that reports the same."""
    first, second = Server(), Server()
    async with (
        beside(databases, servers, {"local": first}) as stack,
        serving(second) as elsewhere,
    ):
        providers = stack.settings.providers
        moved = {"local": providers["local"].model_copy(update={"base_url": f"{elsewhere}/v1"})}
        body = {"kind": "evaluate", "models": {"task": "local/m"}}
        runs = []
        for now in (providers, providers, moved):
            run = await start(stack, "spoken", **body)
            async with stack.working(providers=now):
                runs.append(await reached(stack, run, "completed"))
    assert [one["spend"]["cached_calls"] for one in runs] == [0, CASES, 0]
    assert (first.answered, second.answered) == (CASES + 2, CASES + 1)
    assert runs[0]["answered_by"] == runs[1]["answered_by"] != runs[2]["answered_by"]


@pytest.mark.law
async def test_all_runs_of_a_worker_share_the_slots_of_a_provider(
    databases: Databases, servers: Servers
) -> None:
    server = Server(seconds=0.01)
    async with beside(databases, servers, {"local": server}, concurrency=3) as stack:
        await make_task(stack, "beside", cases=CASES)
        runs = [
            await start(stack, task, kind="evaluate", models={"task": "local/m"})
            for task in ("spoken", "beside")
        ]
        async with stack.working():
            for run in runs:
                assert (await reached(stack, run))["status"] == "completed"
    assert server.at_once == 3


@pytest.mark.law
@pytest.mark.long
async def test_an_operator_is_heard_while_a_slow_server_works_through_a_block(
    databases: Databases, servers: Servers
) -> None:
    """What is on its way is answered; what only waits was neither booked nor sent."""
    server = Server(seconds=0.2)
    async with beside(databases, servers, {"local": server}, concurrency=1) as stack:
        run = await start(stack, "spoken", kind="evaluate", models={"task": "local/m"})
        async with stack.working(look_seconds=0.1):
            await until(lambda: _answered(server, 3))
            await stack.induction.post(f"/v1/runs/{run}/pause")
            paused = await reached(stack, run, "paused")
            answered = server.answered
            assert answered < CASES
            assert paused["spend"]["calls"] == answered
            await stack.induction.post(f"/v1/runs/{run}/resume")
            await until(lambda: _answered(server, answered + 2))
            await stack.induction.post(f"/v1/runs/{run}/cancel")
            over = await reached(stack, run)
        assert (over["status"], over["reason"]) == ("cancelled", "cancelled")
        assert server.answered < CASES
        assert (await shown(stack, run))["spend"]["calls"] == server.answered


@pytest.mark.law
async def test_a_question_to_a_model_that_costs_is_held_by_the_months_cap(
    databases: Databases, servers: Servers
) -> None:
    labels = [{"name": "one"}, {"name": "two"}]
    body = {"kind": "intent", "labels": labels, "task_model": "local/claude-haiku-5-5"}
    for cap, spent in ((0.0, None), (1.0, True)):
        server = Server(reports="claude-haiku-5-5")
        async with serving(server) as url:
            provider = {"api": "chat-completions", "base_url": f"{url}/v1"}
            async with opened(
                databases, servers, providers={"local": provider}, month_cap_usd=cap
            ) as stack:
                made = await stack.induction.post("/v1/tasks", json={"slug": "costly", **body})
                assert made.status_code == 201, made.text
                rows = await sql(stack, "SELECT usd > 0 AND usd < 0.001 AS little FROM month_spend")
        assert [row["little"] for row in rows] == ([] if spent is None else [spent])
        assert ("month's cap" in str(made.json()["notes"])) is (spent is None)
        assert server.answered == (0 if spent is None else 1)


async def _answered(server: Server, count: int) -> bool:
    return server.answered >= count
