"""The score of production is what is watched: runs that start since it fell, and those that do not
although cases are new; loops end, and a person lets them begin again."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from induction.resources import Resources, open_resources
from induction.triggers.jobs import consider_run

from tests.fixtures.labelled import add_case, make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import sql
from tests.induction.triggers.production import audited, serving_for_a_day
from tests.induction.triggers.test_decisions import decisions, switch
from tests.induction.triggers.test_rules import ordered

ENDED = """
UPDATE runs SET status = 'completed', completed_at = now(), baseline_f1 = 0.5, final_f1 = $2,
    created_at = created_at - $3 * interval '1 hour'
WHERE task = $1 AND status = 'waiting'
"""

EARLIER = (
    "UPDATE runs SET created_at = created_at - $2 * interval '1 hour' WHERE task = $1",
    "UPDATE auto_triggers SET looked_at = looked_at - $2 * interval '1 hour' WHERE task = $1",
    "UPDATE prompt_moves SET moved_at = moved_at - $2 * interval '1 hour' WHERE task = $1",
)


@pytest.fixture(scope="module")
async def worker(stack: Stack) -> AsyncIterator[Resources]:
    """What a worker has open."""
    async with open_resources(stack.settings) as resources:
        yield resources


async def ended(stack: Stack, task: str, *, final: float, hours: float) -> None:
    """The run that waits has ended, so much earlier than it did."""
    await sql(stack, ENDED, task, final, hours)


async def fresh(stack: Stack, task: str, number: int) -> None:
    await add_case(stack.logger, task, f"a text that is new, number {number}", "topic_0")


async def newest(stack: Stack, worker: Resources, task: str) -> dict[str, Any]:
    """The decision of a consideration now."""
    await consider_run({"resources": worker}, task)
    return (await decisions(stack, task))[0]


async def passed(stack: Stack, task: str, *, hours: float) -> None:
    """So much time, since all that has happened."""
    for moved in EARLIER:
        await sql(stack, moved, task, hours)


async def test_a_fallen_score_starts_a_run_and_a_good_one_does_not(
    stack: Stack, worker: Resources
) -> None:
    version = await make_task(stack, "watched", cases=24)
    await serving_for_a_day(stack, "watched")
    await switch(stack, "watched", enabled=True)
    await audited(stack, "watched", 27, answer="topic_0", truth=None, version=version)
    early = await newest(stack, worker, "watched")
    assert not early["live_f1"]
    assert early["reasons"][0] == "live F1 is unknown: 27 audited, 3 more needed"
    await ended(stack, "watched", final=0.7, hours=30)
    await audited(stack, "watched", 13, answer="topic_1", truth=None, version=version)
    good = await newest(stack, worker, "watched")
    assert (good["started"], good["live_f1"]) == (False, 1)
    assert good["summary"] == (
        "not started: live F1 1.00 (0.91 to 1.00, 40 audited) is not below 0.75"
    )
    # Other versions' predictions count for nothing.
    await audited(stack, "watched", 60, answer="topic_0", truth="topic_2", version="older")
    assert (await newest(stack, worker, "watched"))["live_f1"] == 1
    await audited(stack, "watched", 60, answer="topic_0", truth="topic_1", version=version)
    await fresh(stack, "watched", 1)
    fell = await newest(stack, worker, "watched")
    assert fell["started"]
    assert fell["live_f1"] < 0.75
    assert fell["reasons"][0].endswith("100 audited) is below 0.75")
    assert fell["reasons"][1] == "25 approved cases, 1 of them new"


async def test_runs_without_a_gain_wait_longer_and_longer_and_stop_until_a_person_looks(
    stack: Stack, worker: Resources
) -> None:
    version = await make_task(stack, "looping", cases=20)
    await serving_for_a_day(stack, "looping")
    await audited(stack, "looping", 40, answer="topic_0", truth="topic_1", version=version)
    await switch(stack, "looping", enabled=True)
    for number in range(3):
        await fresh(stack, "looping", number)
        assert (await newest(stack, worker, "looping"))["started"]
        await ended(stack, "looping", final=0.504, hours=0)
        waits = await newest(stack, worker, "looping")
        assert any(one.startswith("backoff until") for one in waits["reasons"])
        await passed(stack, "looping", hours=24 * 2 ** (number + 1))
    await fresh(stack, "looping", 3)
    stopped = await newest(stack, worker, "looping")
    assert not stopped["started"]
    assert [one.partition(";")[0] for one in stopped["reasons"]] == [
        "stopped: the last 3 automatic runs gained less than 0.005 each",
        "stopped: 3 automatic runs since a person looked, at most 3",
    ]
    view = await ordered(stack, "reset-backoff", "looping")
    assert (view["gainless_runs"], view["unseen_runs"]) == (0, 0)
    assert (await newest(stack, worker, "looping"))["started"]


async def test_what_a_version_answers_in_its_first_minute_counts(
    stack: Stack, worker: Resources
) -> None:
    version = await make_task(stack, "just-promoted", cases=20)
    await switch(stack, "just-promoted", enabled=True)
    before = await newest(stack, worker, "just-promoted")
    (move,) = (await stack.induction.get("/v1/prompts/just-promoted/history")).json()["items"]
    since = datetime.fromisoformat(move["moved_at"])
    none = "live F1 is unknown: no prediction of the prompt in production since it serves,"
    assert f"{none} {since:%A %H:%M} UTC" in before["reasons"]
    answers = {"answer": "topic_0", "truth": None, "hours_ago": 0}
    await audited(stack, "just-promoted", 30, **answers, version="another")
    reasons = (await newest(stack, worker, "just-promoted"))["reasons"]
    assert f"{none} {since:%A %H:%M} UTC; those that came name other versions" in reasons
    await audited(stack, "just-promoted", 30, **answers, version=version)
    assert (await newest(stack, worker, "just-promoted"))["live_f1"] == 1
