"""A budget is a promise: neither calls nor money pass it by one call."""

from decimal import Decimal
from typing import Any

import pytest
from offline_model.settings import Fault, OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import answered, events, reached, sql, start

SPENT = (
    "SELECT coalesce(sum(attempts), 0) AS attempts,"
    " coalesce(sum(coalesce(cost_usd, reserved_usd)), 0) AS usd"
    " FROM llm_calls WHERE run_id = ANY($1::uuid[])"
)


async def spent(stack: Stack, *runs: str) -> tuple[int, Decimal]:
    (row,) = await sql(stack, SPENT, list(runs))
    return row["attempts"], row["usd"]


def ended_on_budget(seen: dict[str, Any]) -> bool:
    return seen["status"] == "completed" and seen["reason"].startswith("budget: ")


@pytest.mark.law
@pytest.mark.parametrize("limit", [1, 30])
async def test_the_limit_of_calls_is_never_passed(
    databases: Databases, servers: Servers, limit: int
) -> None:
    async with opened(databases, servers) as stack:
        await make_task(stack, "counted", cases=24)
        run = await start(stack, "counted", limits={"calls": limit})
        async with stack.working():
            seen = await reached(stack, run)
        assert ended_on_budget(seen)
        calls = "1 call" if limit == 1 else f"{limit} calls"
        assert seen["reason"].startswith(f"budget: the limit of {calls}")
        assert seen["spend"]["calls"] == limit
        assert (await spent(stack, run))[0] == limit
        assert sum((await answered(stack)).values()) == limit
        assert (await events(stack, run))[-1]["status"] == "completed"


@pytest.mark.law
async def test_the_calls_that_are_kept_back_reach_a_verdict_on_untouched_cases(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=OfflineSettings(noise=0.2)) as stack:
        await make_task(stack, "saving", cases=120)
        run = await start(stack, "saving", limits={"calls": 400})
        async with stack.working():
            seen = await reached(stack, run, "completed")
        assert ended_on_budget(seen)
        assert seen["verdict"]["tested_on"] == "test"
        assert seen["verdict"]["cases"] == seen["splits"]["test"]
        assert seen["spend"]["calls"] <= 400


@pytest.mark.law
async def test_repeats_after_faults_count_as_calls(databases: Databases, servers: Servers) -> None:
    """Every attempt that reaches the provider may be billed, the failed one too."""
    wrong = OfflineSettings(faults={Fault.HTML: 3})
    async with opened(databases, servers, model=wrong) as stack:
        await make_task(stack, "unlucky", cases=12)
        run = await start(stack, "unlucky", limits={"calls": 20})
        async with stack.working():
            await reached(stack, run)
        calls, _ = await spent(stack, run)
        arrived = (await stack.model.get("/calls")).json()["arrived"]
        assert arrived <= calls <= 20


@pytest.mark.law
async def test_the_limit_of_money_is_never_passed(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers, provider="anthropic") as stack:
        await make_task(stack, "thrifty", cases=24)
        run = await start(stack, "thrifty", limits={"money_usd": 0.005})
        async with stack.working():
            seen = await reached(stack, run)
        _, usd = await spent(stack, run)
        assert seen["reason"].startswith("budget: the limit of 0.005 dollars")
        assert 0 < usd <= Decimal("0.005")
        assert seen["spend"]["usd"] == pytest.approx(float(usd))
        assert seen["spend"]["notional_usd"] > 0


@pytest.mark.law
async def test_without_money_not_one_call_is_made(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers, provider="anthropic") as stack:
        await make_task(stack, "penniless", cases=8)
        run = await start(stack, "penniless", limits={"money_usd": 0})
        async with stack.working():
            seen = await reached(stack, run)
        assert ended_on_budget(seen)
        assert await spent(stack, run) == (0, 0)
        assert await answered(stack) == {}


@pytest.mark.law
async def test_the_months_cap_holds_over_runs_side_by_side(
    databases: Databases, servers: Servers
) -> None:
    cap = Decimal("0.002")
    async with opened(databases, servers, provider="anthropic", month_cap_usd=float(cap)) as stack:
        tasks = ["first", "second", "third"]
        for task in tasks:
            await make_task(stack, task, cases=24)
            # A prompt of their own, so that none is answered for another.
            prompt = f"Of {task}: topic_0, topic_1, topic_2 or topic_3?"
            await stack.induction.post(
                f"/v1/prompts/{task}/versions", json={"text": prompt, "promote": True}
            )
        runs = [await start(stack, task) for task in tasks]
        async with stack.working(runs_at_once=3), stack.working(runs_at_once=3):
            ends = [await reached(stack, run) for run in runs]
        _, usd = await spent(stack, *runs)
        (month,) = await sql(stack, "SELECT sum(usd) AS usd FROM month_spend")
        assert 0 < usd <= cap
        assert month["usd"] == usd
        assert all(ended_on_budget(seen) for seen in ends)
        reason = "budget: the month's cap of 0.002 dollars"
        stopped = [seen for seen in ends if seen["reason"].startswith(reason)]
        assert stopped
        answer = await stack.induction.get("/v1/admin/spend")
        spend_month = answer.json()["month"]
        assert spend_month["runs_ended"] >= len(stopped)
        assert spend_month["last_ended_at"] is not None
        assert 0 < spend_month["least_refused_usd"] < float(cap)


@pytest.mark.law
@pytest.mark.long
async def test_an_offline_run_books_calls_and_no_money(stack: Stack) -> None:
    await make_task(stack, "free", cases=8)
    run = await start(stack, "free", limits={"money_usd": 0})
    async with stack.working():
        seen = await reached(stack, run)
    assert not seen["reason"].startswith("budget")
    assert seen["spend"]["usd"] == 0
    assert seen["spend"]["notional_usd"] > 0
    assert (await spent(stack, run))[0] > 0
