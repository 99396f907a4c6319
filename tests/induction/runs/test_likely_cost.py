"""What a dry run tells of money: at most, likely, and what the month leaves."""

from typing import Any

import pytest
from induction.runs.starting.estimate import within
from nlu_shared.schemas.forecasts import Likely
from offline_model.settings import OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import reached, sql, start

CAP = "INSERT INTO month_spend VALUES (date_trunc('month', now() AT TIME ZONE 'UTC')::date, $1)"
PRICED = "UPDATE llm_calls SET cost_usd = 0.01 WHERE run_id = $1"


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        ({"calls": 1_000, "usd": 9.0, "minutes": 60.0}, (400, 8.0, 20.0)),
        ({"calls": 100, "usd": 9.0, "minutes": 60.0}, (100, 2.0, 5.0)),
        ({"calls": 1_000, "usd": 4.0, "minutes": 60.0}, (200, 4.0, 10.0)),
        ({"calls": 1_000, "usd": 9.0, "minutes": 1.0}, (20, 0.4, 1.0)),
        ({"calls": 1_000, "usd": 0.0, "minutes": 60.0}, (0, 0.0, 0.0)),
    ],
)
def test_the_limit_that_is_reached_first_ends_calls_money_and_minutes_alike(
    limits: dict[str, Any], most: tuple[int, float, float]
) -> None:
    likely = Likely(runs=1, calls=(400, 400), money_usd=(8.0, 8.0), minutes=(20.0, 20.0))
    left = within(likely, **limits)
    assert left.minutes is not None
    assert (left.calls[1], left.money_usd[1], left.minutes[1]) == pytest.approx(most)


@pytest.mark.parametrize("usd", [0.1, 0.5, 2.0])
def test_of_the_same_money_cheap_calls_are_more_and_the_smaller_number_stands_first(
    usd: float,
) -> None:
    likely = Likely(runs=0, calls=(400, 1_600), money_usd=(0.05, 1.2), minutes=(2.0, 60.0))
    left = within(likely, calls=2_000, usd=usd, minutes=60.0)
    assert left.minutes is not None
    for first, last in (left.calls, left.money_usd, left.minutes):
        assert first <= last
    assert left.money_usd[1] <= usd


def test_what_costs_nothing_is_limited_by_no_money() -> None:
    likely = Likely(runs=1, calls=(100, 150), money_usd=(0.0, 0.0), minutes=(5.0, 8.0))
    assert within(likely, calls=1_000, usd=0.0, minutes=60.0) == likely


async def forecast(stack: Stack, task: str, **more: Any) -> dict[str, Any]:
    order = {"task": task, "kind": "evaluate", "dry_run": True, **more}
    answer = await stack.induction.post("/v1/runs", json=order)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.law
async def test_a_forecast_tells_what_finished_runs_took_and_what_the_month_leaves(
    stack: Stack,
) -> None:
    await make_task(stack, "first-of-all", cases=20)
    before = await forecast(stack, "first-of-all")
    assert (before["likely"]["runs"], before["likely"]["minutes"]) == (0, None)
    assert before["likely"]["calls"] == [before["calls"]] * 2
    assert before["month_left_usd"] == stack.settings.month_cap_usd
    run = await start(stack, "first-of-all", kind="evaluate")
    async with stack.working():
        seen = await reached(stack, run, "completed")
    await sql(stack, PRICED, run)
    calls = seen["spend"]["calls"]

    await make_task(stack, "twice-as-large", cases=40)
    after = await forecast(stack, "twice-as-large")
    assert (after["likely"]["runs"], after["likely"]["is_own"]) == (1, False)
    assert after["likely"]["calls"] == [2 * calls, 2 * calls]
    assert after["likely"]["money_usd"][0] > 0
    assert 0 < after["likely"]["minutes"][0] == after["likely"]["minutes"][1]
    run = await start(stack, "twice-as-large", kind="evaluate")
    async with stack.working():
        own = await reached(stack, run, "completed")
    again = await forecast(stack, "twice-as-large")
    assert (again["likely"]["runs"], again["likely"]["is_own"]) == (1, True)
    questions = own["spend"]["calls"] + own["spend"]["cached_calls"]
    assert again["likely"]["calls"] == [questions, questions]
    few = await forecast(stack, "twice-as-large", limits={"calls": 3})
    assert few["likely"]["calls"] == [3, 3]


@pytest.mark.law
async def test_a_run_that_a_smaller_limit_ended_tells_nothing_of_a_larger_one(
    stack: Stack,
) -> None:
    await make_task(stack, "cut-short", cases=20)
    run = await start(stack, "cut-short", kind="improve", limits={"calls": 25})
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert seen["reason"].startswith("budget")
    larger = await forecast(stack, "cut-short", kind="improve")
    assert larger["likely"]["runs"] == 0
    assert larger["likely"]["minutes"][0] > 0
    alike = await forecast(stack, "cut-short", kind="improve", limits={"calls": 25})
    assert alike["likely"]["runs"] == 1


@pytest.mark.law
async def test_a_run_that_the_months_cap_ended_tells_nothing_whatever_its_reason_is_called(
    stack: Stack,
) -> None:
    await make_task(stack, "capped", cases=20)
    # A prompt of its own, so that nothing is answered for another task.
    text = {"text": "Capped: topic_0, topic_1, topic_2 or topic_3?", "promote": True}
    await stack.induction.post("/v1/prompts/capped/versions", json=text)
    run = await start(stack, "capped", kind="evaluate")
    async with stack.working():
        await reached(stack, run, "completed")
    assert (await forecast(stack, "capped"))["likely"]["runs"] == 1
    words = "UPDATE runs SET reason = 'evaluated beyond the month''s cap, as was thought'"
    await sql(stack, f"{words} WHERE id = $1", run)
    assert (await forecast(stack, "capped"))["likely"]["runs"] == 1
    await sql(stack, "UPDATE llm_calls SET refused_usd = 0.01 WHERE run_id = $1", run)
    assert (await forecast(stack, "capped"))["likely"]["is_own"] is False


@pytest.mark.law
async def test_runs_that_try_one_edited_prompt_say_nothing_of_a_search_nor_a_search_of_them(
    stack: Stack,
) -> None:
    await make_task(stack, "edited-once", cases=40)
    text = {"text": "Answer with topic_0, topic_1, topic_2 or topic_3, and nothing else."}
    made = await stack.induction.post("/v1/prompts/edited-once/versions", json=text)
    candidate = {"kind": "improve", "limits": {"iterations": 1}, "candidate": made.json()["id"]}
    async with stack.working():
        await reached(stack, await start(stack, "edited-once", **candidate), "completed")
    search = {"kind": "improve", "limits": {"iterations": 1}}
    untried = await forecast(stack, "edited-once", **search)
    assert untried["likely"]["runs"] == 0
    assert (await forecast(stack, "edited-once", **candidate))["likely"]["runs"] == 1
    async with stack.working():
        await reached(stack, await start(stack, "edited-once", **search), "completed")
    for order in (search, candidate):
        assert (await forecast(stack, "edited-once", **order))["likely"]["runs"] == 1


@pytest.mark.law
async def test_a_first_forecast_knows_how_long_its_model_takes(
    databases: Databases, servers: Servers
) -> None:
    slow = OfflineSettings(latency_ms=300)
    async with opened(databases, servers, model=slow) as stack:
        await make_task(stack, "slow-at-first", cases=40)
        assert (await forecast(stack, "slow-at-first"))["likely"]["minutes"] is None
        run = await start(stack, "slow-at-first", kind="evaluate", limits={"calls": 4})
        async with stack.working():
            await reached(stack, run)
        await sql(stack, "UPDATE runs SET status = 'failed' WHERE id = $1", run)
        known = await forecast(stack, "slow-at-first")
        least = known["calls"] * 0.3 / 60 / stack.settings.concurrency
        assert least <= known["likely"]["minutes"][0] < 5 * least


async def test_a_month_without_money_is_told_before_the_start(stack: Stack) -> None:
    await make_task(stack, "too-late", cases=20)
    await sql(stack, "DELETE FROM month_spend")
    await sql(stack, CAP, stack.settings.month_cap_usd)
    estimate = await forecast(stack, "too-late")
    assert estimate["month_left_usd"] == 0
    assert estimate["fits"] is (estimate["money_usd"] == 0)
    await sql(stack, "DELETE FROM month_spend")
