"""What a run makes of answers that are not what was asked for: counts, and an early end."""

import asyncio
from typing import Any

import pytest
from induction.watching.screen import ending
from nlu_shared.schemas.run_views import RunView
from offline_model.settings import Fault, OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened
from tests.induction.runs.driving import events, reached, sql, start
from tests.walks.test_an_evaluation_reaches_a_browser import read


@pytest.mark.law
async def test_unusable_answers_are_counted_by_cause_wherever_a_run_is_shown(
    databases: Databases, servers: Servers
) -> None:
    model = OfflineSettings(faults={Fault.BROKEN_JSON: 5}, seed=1)
    async with opened(databases, servers, model=model) as stack:
        await make_task(stack, "counted", cases=60)
        run = await start(stack, "counted", kind="evaluate")
        async with stack.working():
            seen = await reached(stack, run)
        scored = [one for one in await events(stack, run) if one["type"] == "prompt_evaluated"]
    assert seen["status"] == "completed"
    validation = next(one for one in scored if one["split"] == "validation")
    assert seen["faults"] == validation["faults"] == {"cut": validation["unanswered"]}
    assert validation["unanswered"] > 0
    lines = [str(getattr(line, "text", "")) for line in ending(RunView.model_validate(seen))]
    count = validation["unanswered"]
    answers = "1 answer" if count == 1 else f"{count} answers"
    assert f"{answers} on validation could not be used: {count} cut" in lines


@pytest.mark.law
async def test_a_model_that_answers_nothing_usable_fails_the_run_after_one_block(
    databases: Databases, servers: Servers
) -> None:
    model = OfflineSettings(faults={Fault.BROKEN_JSON: 1})
    async with opened(databases, servers, model=model) as stack:
        await make_task(stack, "unusable", cases=120)
        run = await start(stack, "unusable")
        async with stack.working():
            seen = await reached(stack, run)
        assert seen["status"] == "failed"
        assert seen["reason"].startswith("nearly no answer of the model is usable: 64 of 64")
        assert 'the model wrote, for one: "{' in seen["reason"]
        assert seen["spend"]["calls"] == 64


async def test_a_baseline_too_long_for_the_model_fails_the_run_with_its_size(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=OfflineSettings(window=50)) as stack:
        await make_task(stack, "narrow", cases=60)
        run = await start(stack, "narrow")
        async with stack.working():
            seen = await reached(stack, run)
        assert seen["status"] == "failed"
        assert seen["reason"].startswith("the prompt is too long for the model's window")
        assert seen["reason"].endswith(" tokens")
        outcomes = await sql(stack, "SELECT DISTINCT outcome FROM llm_calls")
        assert [row["outcome"] for row in outcomes] == ["too_long"]
        assert seen["spend"]["unanswered_calls"] == len(await sql(stack, "SELECT 1 FROM llm_calls"))
        assert seen["spend"]["calls"] == 0


@pytest.mark.law
@pytest.mark.long
async def test_a_change_too_long_for_the_model_is_refused_and_the_run_goes_on(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=OfflineSettings(window=400)) as stack:
        await make_task(stack, "opened", cases=120)
        run = await start(stack, "opened", limits={"iterations": 3})
        async with stack.working():
            seen = await reached(stack, run)
        assert seen["status"] == "completed", seen["reason"]
        reasons = [change["reason"] or "" for change in seen["changes"]]
        refused = [
            event["reason"]
            for event in await events(stack, run)
            if event["type"] == "change_rejected"
        ]
        assert any(reason.startswith("the prompt is too long") for reason in (*reasons, *refused))


@pytest.mark.law
@pytest.mark.long
async def test_progress_moves_with_every_answer_and_not_with_every_block(
    databases: Databases, servers: Servers
) -> None:
    async with opened(databases, servers, model=OfflineSettings(latency_ms=400)) as stack:
        await make_task(stack, "slow", cases=24)
        run = await start(stack, "slow", kind="evaluate")
        async with stack.working(concurrency=2):
            messages, _ = await asyncio.gather(read(stack, run), reached(stack, run))
        moved = [body for _, body in messages if body["type"] == "evaluation_progress"]
        stored = await events(stack, run)
    assert not [event for event in stored if event["type"] == "evaluation_progress"]
    of_train = [body for body in moved if body["split"] == "train"]
    within = {body["done"] for body in of_train if 0 < body["done"] < body["total"]}
    assert len(within) >= 3
    assert _never_back(of_train)


def _never_back(progress: list[dict[str, Any]]) -> bool:
    done = [one["done"] for one in progress]
    return done == sorted(done) and done[-1] == progress[-1]["total"]
