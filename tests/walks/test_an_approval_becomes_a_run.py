"""Walk 2: approvals become ground truth, one consideration, a stored decision, and a run."""

from typing import Any

import asyncpg
import pytest
from nlu_shared.schemas.jobs import INDUCTION_QUEUE
from redis.asyncio import Redis

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, until


async def approve(stack: Stack, task: str, prompt: str, label: str) -> None:
    logged = await stack.logger.post(
        "/v1/predictions",
        json={"task": task, "prompt": prompt, "predicted_intent": "topic_0", "confidence": 0.5},
    )
    corrected = await stack.logger.post(
        f"/v1/predictions/{logged.json()['log_id']}/corrections", json={"corrected_intent": label}
    )
    approved = await stack.logger.post(
        f"/v1/corrections/{corrected.json()['id']}/approve", json={"may_quote": True}
    )
    assert approved.status_code == 200


async def decisions(stack: Stack, task: str) -> list[dict[str, Any]]:
    answer = await stack.induction.get("/v1/admin/auto-trigger/decisions", params={"task": task})
    return list(answer.json()["items"])


async def test_with_the_trigger_off_an_approval_starts_nothing_and_says_why(stack: Stack) -> None:
    await make_task(stack, "quiet")
    async with stack.working():
        await approve(stack, "quiet", "hello there", "topic_1")
        considered = await until(lambda: decisions(stack, "quiet"))
    assert not any(decision["started"] for decision in considered)
    assert "switched off" in considered[-1]["reasons"]


@pytest.mark.law
async def test_a_burst_of_approvals_becomes_one_run(stack: Stack) -> None:
    await make_task(stack, "busy", cases=30)
    switched = await stack.induction.post(
        "/v1/admin/auto-trigger", json={"task": "busy", "enabled": True, "min_cases": 35}
    )
    assert switched.status_code == 200
    for number in range(5):
        await approve(stack, "busy", f"where is my parcel number {number}", "topic_0")

    async def started() -> list[dict[str, Any]]:
        return [decision for decision in await decisions(stack, "busy") if decision["started"]]

    async def under_way() -> bool:
        runs = (await stack.induction.get("/v1/runs", params={"task": "busy"})).json()["items"]
        return bool(runs) and runs[0]["spend"]["calls"] > 0

    async with stack.working():
        starts = await until(started)
        await until(under_way)
        await until(lambda: nothing_is_handed_over(stack))
    runs = (await stack.induction.get("/v1/runs", params={"task": "busy"})).json()["items"]
    assert [run["trigger_type"] for run in runs] == ["auto"]
    assert runs[0]["id"] == starts[0]["run_id"]
    assert runs[0]["dataset_size"] == 35
    # By the order on its way, by the order that waited for it, and by the clock, which asks as soon
    # as a worker starts.
    assert len(await decisions(stack, "busy")) <= 3


async def test_the_clock_asks_when_the_job_was_lost(stack: Stack) -> None:
    await make_task(stack, "forgotten", cases=25)
    await stack.induction.post(
        "/v1/admin/auto-trigger", json={"task": "forgotten", "enabled": True}
    )
    await lose_all_jobs(stack)
    async with stack.working(consider_seconds=0.2):
        considered = await until(lambda: decisions(stack, "forgotten"))
    assert considered[-1]["started"]


async def nothing_is_handed_over(stack: Stack) -> bool:
    """No order waits in the log's database, and no job in Redis."""
    owner = await asyncpg.connect(stack.logger_database.owner_url)
    redis = Redis.from_url(stack.settings.redis)
    try:
        orders = await owner.fetchval("SELECT count(*) FROM outbox")
        return orders == await redis.zcard(INDUCTION_QUEUE) == 0
    finally:
        await redis.aclose()
        await owner.close()


async def lose_all_jobs(stack: Stack) -> None:
    """What a flushed Redis does, until nothing is left that could be handed to it again."""
    owner = await asyncpg.connect(stack.logger_database.owner_url)
    redis = Redis.from_url(stack.settings.redis)

    async def all_handed_over() -> bool:
        # An order waits for the job of its name that is still in Redis.
        await redis.flushdb()
        return await owner.fetchval("SELECT count(*) FROM outbox") == 0

    await until(all_handed_over)
    await redis.flushdb()
    await redis.aclose()
    await owner.close()
