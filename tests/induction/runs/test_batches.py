"""A run with Message Batches comes to what it would have come to without, at half the price."""

from decimal import Decimal
from typing import Any

import pytest
from offline_model.settings import OfflineSettings

from tests.faults.accounting import books, counted
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.batching import QUICK, batches, broken, made
from tests.induction.runs.driving import asked_in_vain, events, reached, shown, sql, start
from tests.induction.runs.test_verifying import verified

CASES = 60
FIRST, SECOND = 48, 12
"""Of them, asked in the first and the second question of an evaluation."""
NOISE = OfflineSettings(noise=0.1)
UNFINISHED = NOISE.model_copy(update={"batch_looks": 1_000_000})
BILLED: dict[str, Any] = {**QUICK, "provider": "anthropic"}


async def through(stack: Stack, task: str, **order: object) -> dict[str, Any]:
    await make_task(stack, task, cases=CASES)
    run = await start(stack, task, **order)
    async with stack.working(hasty=True):
        return await reached(stack, run)


async def alone_and_in_batches(
    databases: Databases, servers: Servers, *, least: int, share: float, **order: object
) -> None:
    order["limits"] = {"iterations": 2, "money_usd": 20}
    async with opened(databases, servers, model=NOISE, **BILLED) as stack:
        alone = await through(stack, "same", **order)
        of_alone = await events(stack, alone["id"])
        assert await made(stack) == []
    model = NOISE.model_copy(update={"batch_looks": 1})
    changed = {**BILLED, "batch_calls": least}
    async with opened(databases, servers, model=model, **changed) as stack:
        seen = await through(stack, "same", batches=True, **order)
        assert (seen["status"], seen["outages"], seen["batches"]) == ("completed", 0, True)
        assert await events(stack, seen["id"]) == of_alone
        sent = await batches(stack, seen["id"])
        assert sent
        assert {one["state"] for one in sent} == {"ended"}
        assert await made(stack) == [one["size"] for one in sent]
        assert await broken(stack) == {}
        spent, server = await books(stack, seen["id"]), await counted(str(stack.model.base_url))
        assert (spent.booked, spent.attempts) == (server.usd, server.arrived)
        assert await asked_in_vain(stack) == 0
        assert seen["spend"]["usd"] < share * alone["spend"]["usd"]
        async with stack.working():
            checked = await verified(stack, seen["id"])
        assert (checked["outcome"], checked["events"]) == ("same", len(of_alone))


@pytest.mark.law
async def test_an_evaluation_in_batches_says_what_it_says_alone_and_costs_half(
    databases: Databases, servers: Servers
) -> None:
    await alone_and_in_batches(databases, servers, least=12, share=0.55, kind="evaluate")


@pytest.mark.law
@pytest.mark.long
async def test_a_whole_run_with_batches_ends_with_the_same_events_and_prompt(
    databases: Databases, servers: Servers
) -> None:
    """The larger part of its money is the proposer's."""
    await alone_and_in_batches(databases, servers, least=20, share=1)


@pytest.mark.law
async def test_a_run_that_waits_for_a_batch_is_parked_and_says_so(
    databases: Databases, servers: Servers
) -> None:
    """Not by an outage; and when it is cancelled the provider stops the batch, what was answered
    meanwhile is paid for, and no text of it is kept."""
    async with opened(databases, servers, model=UNFINISHED, **BILLED) as stack:
        await make_task(stack, "waits", cases=CASES)
        run = await start(stack, "waits", kind="evaluate", batches=True)
        async with stack.working(batch_poll_seconds=3_600):
            seen = await reached(stack, run, "parked")
            assert seen["reason"].startswith(f"Waits for a batch of {FIRST} answers, sent ")
            assert seen["reason"].endswith("; a batch can take up to 24 hours.")
            assert (seen["outages"], seen["spend"]["calls"]) == (0, FIRST + 1)
            assert "runs_parked 1.0" in (await stack.induction.get("/metrics")).text
            (batch,) = await batches(stack, run)
            assert (batch["state"], batch["outcomes"]) == ("submitted", ["open"])
        held = (await books(stack, run)).booked
        await stack.induction.post(f"/v1/runs/{run}/cancel")
        async with stack.working():
            assert (await reached(stack, run))["status"] == "cancelled"
            await until(lambda: _closed(stack, run))
        (batch,) = await batches(stack, run)
        assert (batch["state"], batch["outcomes"]) == ("ended", ["canceled", "succeeded"])
        spent, server = await books(stack, run), await counted(str(stack.model.base_url))
        assert (spent.booked, spent.attempts) == (server.usd, server.arrived)
        assert spent.booked < held
        texts = (
            "SELECT 1 FROM llm_calls WHERE run_id = $1 AND purpose = 'task' AND text IS NOT NULL"
        )
        assert await sql(stack, texts, run) == []
        async with stack.working():
            assert (await verified(stack, run))["outcome"] == "same"


@pytest.mark.law
async def test_a_batch_that_outlasts_the_minutes_is_awaited_and_its_answers_are_used(
    databases: Databases, servers: Servers
) -> None:
    model = NOISE.model_copy(update={"batch_looks": 3})
    async with opened(databases, servers, model=model, **BILLED) as stack:
        await make_task(stack, "late", cases=CASES)
        run = await start(stack, "late", kind="evaluate", batches=True, limits={"minutes": 60})
        async with stack.working(batch_poll_seconds=3_600):
            await reached(stack, run, "parked")
            earlier = "UPDATE runs SET started_at = started_at - interval '2 hours' WHERE id = $1"
            await sql(stack, earlier, run)
        await stack.induction.post(f"/v1/runs/{run}/resume")
        async with stack.working():
            seen = await reached(stack, run)
            assert (await verified(stack, run))["outcome"] == "same"
        assert (seen["status"], seen["reason"]) == ("completed", "minutes: the limit of 60 minutes")
        (batch,) = await batches(stack, run)
        assert (batch["state"], batch["outcomes"]) == ("ended", ["succeeded"])
        answers = (
            "SELECT outcome, count(text)::int FROM llm_calls WHERE purpose = 'task' GROUP BY 1"
        )
        assert dict(await sql(stack, answers)) == {"ok": FIRST}
        assert await broken(stack) == {}


async def _closed(stack: Stack, run: str) -> bool:
    return all(one["ended_at"] for one in await batches(stack, run))


@pytest.mark.law
async def test_a_paused_run_finds_its_batch_when_it_is_resumed(
    databases: Databases, servers: Servers
) -> None:
    model = NOISE.model_copy(update={"batch_looks": 1})
    async with opened(databases, servers, model=model, **BILLED) as stack:
        await make_task(stack, "paused", cases=CASES)
        run = await start(stack, "paused", kind="evaluate", batches=True)
        async with stack.working(batch_poll_seconds=3_600):
            await reached(stack, run, "parked")
            await stack.induction.post(f"/v1/runs/{run}/pause")
            await reached(stack, run, "paused")
            resumed = 0
            while (await shown(stack, run))["status"] != "completed":
                await stack.induction.post(f"/v1/runs/{run}/resume")
                await reached(stack, run, "parked", "completed")
                resumed += 1
        assert resumed == 4  # of each batch the first look finds it unfinished
        assert await made(stack) == [FIRST, SECOND]
        assert await broken(stack) == {}


@pytest.mark.law
async def test_a_batch_is_no_larger_than_the_limit_of_calls_leaves_room_for(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, **BILLED) as stack:
        await make_task(stack, "calls", cases=CASES)
        run = await start(stack, "calls", kind="evaluate", batches=True, limits={"calls": 21})
        async with stack.working(hasty=True):
            seen = await reached(stack, run)
        assert seen["reason"].startswith("budget: the limit of 21 calls")
        assert await made(stack) == [20]
        assert (await books(stack, run)).attempts == 21
        assert await broken(stack) == {}


@pytest.mark.law
@pytest.mark.long
async def test_what_money_leaves_no_room_for_goes_with_later_batches(
    databases: Databases, servers: Servers
) -> None:
    """Of a run's limit, and of the month's cap: each call is reserved at what it can cost at
    most."""
    cap, fewest = Decimal("0.0012"), {**BILLED, "batch_calls": 3}
    async with opened(databases, servers, month_cap_usd=float(cap), **fewest) as stack:
        for task, limit in (("limit", Decimal("0.0008")), ("cap", cap)):
            await make_task(stack, task, cases=24)
            prompt = f"Of {task}: topic_0, topic_1, topic_2 or topic_3?"
            await stack.induction.post(
                f"/v1/prompts/{task}/versions", json={"text": prompt, "promote": True}
            )
            limits = {"money_usd": float(limit)}
            run = await start(stack, task, kind="evaluate", batches=True, limits=limits)
            async with stack.working(hasty=True):
                seen = await reached(stack, run)
            assert seen["reason"] == "evaluated"
            assert len(await batches(stack, run)) > 1
            assert (await books(stack, run)).booked <= limit
        (month,) = await sql(stack, "SELECT sum(usd) AS usd FROM month_spend")
        assert 0 < month["usd"] <= cap
        assert await broken(stack) == {}


async def test_batches_are_refused_where_the_provider_has_none(
    databases: Databases, servers: Servers
) -> None:
    """Where only the task says so, the run notes that it goes without."""
    providers = {
        "own": {"api": "chat-completions", "base_url": "http://127.0.0.1:1/v1", "billed": False}
    }
    async with opened(databases, servers, providers=providers) as stack:
        await make_task(stack, "chat", cases=8)
        order = {"task": "chat", "kind": "evaluate", "models": {"task": "own/any"}}
        refused = await stack.induction.post("/v1/runs", json={**order, "batches": True})
        assert (refused.status_code, refused.json()["code"]) == (422, "no_batches")
        assert "own/any takes no Message Batches" in refused.json()["detail"]
        changed = await stack.induction.patch("/v1/tasks/chat", json={"batches": True})
        assert changed.json()["batches"] is True
        dry = await stack.induction.post("/v1/runs", json={**order, "dry_run": True})
        assert "its calls go one by one" in "\n".join(dry.json()["notes"])
        own = await stack.induction.post("/v1/runs", json={"task": "chat", "dry_run": True})
        assert "up to 24 hours" in "\n".join(own.json()["notes"])
        assert (await shown(stack, await start(stack, "chat")))["batches"] is True
