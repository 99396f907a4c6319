"""Experiments that production moves away from: told by the numbers of its moves, at once, for good.

A clock that steps back, or ticks more slowly than production moves, is played by changing the times
that moves were stamped with.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from induction.resources import Resources, open_resources

from tests.fixtures.browsing import browser, shown
from tests.fixtures.stack import Stack, until
from tests.induction.experiments.test_experiments import (
    UNITS,
    assigned,
    begun,
    seen,
    versions,
    with_b,
)
from tests.induction.experiments.traffic import logged, passed
from tests.induction.runs.driving import sql

MOVED = "production moved to another version"
STAMPED = """
UPDATE prompt_moves SET moved_at = (
    SELECT coalesce(ended_at, created_at) FROM experiments WHERE id = $2
) + $3 * interval '1 minute' WHERE task = $1 AND n = $4
"""
MOVE = """
INSERT INTO prompt_moves (task, alias, n, moved_at, version_id, by, is_rollback)
VALUES ($1, 'production', $2, clock_timestamp(), $3, 'key:x', false)
"""
WAITED_FOR = """
SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid
"""


@pytest.fixture(scope="module")
async def worker(stack: Stack) -> AsyncIterator[Resources]:
    """What a worker has open."""
    async with open_resources(stack.settings) as resources:
        yield resources


async def promoted(stack: Stack, task: str, version: str) -> None:
    answer = await stack.induction.post(f"/v1/prompts/{task}/versions/{version}/promote")
    assert answer.status_code == 200, answer.text


async def rolled_back(stack: Stack, task: str) -> None:
    answer = await stack.induction.post(f"/v1/prompts/{task}/rollback", json={})
    assert answer.status_code == 200, answer.text


async def third(stack: Stack, task: str) -> str:
    """A version that is neither of an experiment's."""
    text = "Answer with topic_0, topic_1, topic_2 or topic_3, please."
    made = await stack.induction.post(f"/v1/prompts/{task}/versions", json={"text": text})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def stamped(stack: Stack, made: dict[str, Any], n: int, *, minutes: float) -> None:
    """A move of production, so long after the experiment began or ended."""
    await sql(stack, STAMPED, made["task"], UUID(made["id"]), minutes, n)


async def read(stack: Stack, made: dict[str, Any]) -> dict[str, Any]:
    answer = await stack.induction.get(f"/v1/prompts/{made['task']}/experiments/{made['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def stopped(stack: Stack, made: dict[str, Any], reason: str) -> dict[str, Any]:
    path = f"/v1/prompts/{made['task']}/experiments/{made['id']}/stop"
    answer = await stack.induction.post(path, json={"reason": reason})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def pages(stack: Stack, made: dict[str, Any]) -> list[str]:
    """Its own, the list's, the overview and that of its candidate."""
    task = f"tasks/{made['task']}"
    paths = (
        f"{task}/experiments/{made['id']}",
        f"{task}/experiments",
        "",
        f"{task}/versions/{made['b_version_id']}",
    )
    async with browser(str(stack.induction.base_url)) as page:
        return [await shown(page, path) for path in paths]


@pytest.mark.parametrize("minutes", [0, -1], ids=["within a tick", "the clock stepped back"])
async def test_production_has_moved_whatever_its_clock_says(
    stack: Stack, worker: Resources, minutes: int
) -> None:
    task = f"moved-{-minutes}"
    _, b = await versions(stack, task)
    made = await begun(stack, task, b, shares=[0.9])
    await promoted(stack, task, await third(stack, task))
    await rolled_back(stack, task)
    await stamped(stack, made, 2, minutes=minutes)
    assert not await with_b(stack, task, b)
    flag = await stack.induction.post(
        f"/ofrep/v1/evaluate/flags/{task}", json={"context": {"targetingKey": UNITS[0]}}
    )
    assert flag.json()["variant"] == "production"
    history = (await stack.induction.get(f"/v1/prompts/{task}/history")).json()["items"]
    moved_at = history[1]["moved_at"]
    left = await read(stack, made)
    assert (left["status"], left["share"], left["production_moved_at"]) == ("running", 0, moved_at)
    own, _, overview, candidate = await pages(stack, made)
    assert "It is over: production has moved" in own
    assert f"experiments/{made['id']}" not in overview
    assert "and does so now" not in candidate
    over = await seen(stack, worker, made)
    assert (over["status"], over["conclusion"], over["ended_at"]) == ("stopped", MOVED, moved_at)


async def test_what_production_did_before_an_experiment_ends_none(
    stack: Stack, worker: Resources
) -> None:
    """The clock was ahead when production moved there and back, and was set right then."""
    task = "moved-before"
    _, b = await versions(stack, task)
    await promoted(stack, task, await third(stack, task))
    await rolled_back(stack, task)
    made = await begun(stack, task, b, shares=[0.9])
    await stamped(stack, made, 2, minutes=10)
    await stamped(stack, made, 3, minutes=11)
    assert await with_b(stack, task, b)
    goes_on = await seen(stack, worker, made)
    facts = (goes_on["status"], goes_on["share"], goes_on["production_moved_at"])
    assert facts == ("running", 0.9, None)
    own, _, overview, candidate = await pages(stack, made)
    assert "Not decided yet" in own
    assert f"experiments/{made['id']}" in overview
    assert "and does so now" in candidate


async def test_an_experiment_that_waited_while_production_moved_begins_with_what_serves_then(
    stack: Stack,
) -> None:
    """Its transaction is older than the moves that it has waited for."""
    task = "waiting"
    a, b = await versions(stack, task)
    c = await third(stack, task)
    owner = await asyncpg.connect(stack.induction_database.owner_url)

    async def is_waited_for() -> bool:
        return bool(await owner.fetchval(WAITED_FOR))

    try:
        async with asyncio.TaskGroup() as group, owner.transaction():
            await owner.execute("SELECT FROM tasks WHERE slug = $1 FOR NO KEY UPDATE", task)
            beginning = group.create_task(begun(stack, task, b, shares=[0.9]))
            await until(is_waited_for)
            for n, version in ((2, c), (3, a)):
                await owner.execute(MOVE, task, n, version)
    finally:
        await owner.close()
    made = await read(stack, beginning.result())
    assert (made["share"], made["production_moved_at"]) == (0.9, None)
    assert await with_b(stack, task, b)


@pytest.mark.parametrize("minutes", [1, -1], ids=["later", "the clock stepped back"])
async def test_an_experiment_that_was_stopped_is_not_ended_anew_by_a_move(
    stack: Stack, worker: Resources, minutes: int
) -> None:
    task = f"stopped-{minutes}"
    _, b = await versions(stack, task)
    made = await begun(stack, task, b, shares=[0.9])
    await passed(stack, task, hours=1)
    ended = await stopped(stack, made, "enough")
    await promoted(stack, task, b)
    await stamped(stack, made, 2, minutes=minutes)
    assert await read(stack, made) == await seen(stack, worker, made) == ended
    assert ended["production_moved_at"] is None
    own, listed, _, candidate = await pages(stack, made)
    assert "It was stopped without a winner" in own
    assert MOVED not in own
    assert "production moved" not in listed
    (served,) = [one for one in candidate.split("<li>") if f"experiments/{made['id']}" in one]
    assert f'until <time datetime="{ended["ended_at"][:19]}' in served


async def test_an_experiment_whose_winner_served_and_was_left_keeps_its_end(
    stack: Stack, worker: Resources
) -> None:
    task = "won-and-left"
    a, b = await versions(stack, task)
    made = await begun(stack, task, b, shares=[0.5])
    await logged(stack, task, a, units=500, successes=300)
    await logged(stack, task, b, units=500, successes=450)
    assert (await seen(stack, worker, made))["status"] == "won"
    await promoted(stack, task, b)
    served = await read(stack, made)
    assert await stopped(stack, made, "it serves") == served
    await rolled_back(stack, task)
    assert await stopped(stack, made, "too late") == served == await read(stack, made)
    assert (served["status"], served["share"], served["stopped_at"]) == ("won", 0, None)
    assert served["production_moved_at"] > served["ended_at"]
    acts = (await stack.induction.get("/v1/admin/audit")).json()["items"]
    assert "experiments.stopped" not in [one["action"] for one in acts if one["subject"] == task]
    own, listed, _, _ = await pages(stack, made)
    assert "The candidate had won, and production has moved since" in own
    assert "production moved since" in listed


async def test_one_that_production_left_was_not_stopped_by_who_stops_it_afterwards(
    stack: Stack, worker: Resources
) -> None:
    task = "left-then-stopped"
    _, b = await versions(stack, task)
    made = await begun(stack, task, b, shares=[0.9])
    await promoted(stack, task, b)
    moved_at = (await read(stack, made))["production_moved_at"]
    over = await stopped(stack, made, "by hand")
    assert (over["status"], over["conclusion"], over["ended_by"]) == (
        "stopped",
        MOVED,
        "experiment",
    )
    assert over["ended_at"] == over["production_moved_at"] == moved_at
    assert await stopped(stack, made, "once more") == over == await seen(stack, worker, made)


async def test_one_that_production_left_is_in_no_others_way(stack: Stack) -> None:
    task = "left-then-begun"
    _, b = await versions(stack, task)
    made = await begun(stack, task, b, shares=[0.9])
    c = await third(stack, task)
    await promoted(stack, task, c)
    async with browser(str(stack.induction.base_url)) as page:
        order = await shown(page, f"tasks/{task}/versions/{b}/experiment")
    assert "Start the experiment" in order
    other = await begun(stack, task, b, shares=[0.5])
    over = await read(stack, made)
    assert (over["status"], over["conclusion"]) == ("stopped", MOVED)
    assert over["ended_at"] == over["production_moved_at"]
    _, why = await assigned(stack, task, min(await with_b(stack, task, b)))
    assert why["experiment_id"] == other["id"]
    assert {(await assigned(stack, task, one))[0] for one in UNITS} == {b, c}


async def test_a_candidate_promoted_by_hand_ends_its_experiment_on_its_page_at_once(
    stack: Stack, worker: Resources
) -> None:
    task = "by-hand"
    _, b = await versions(stack, task)
    made = await begun(stack, task, b, shares=[0.9])
    assert "Not decided yet" in (await pages(stack, made))[0]
    await promoted(stack, task, b)
    before = await pages(stack, made)
    await seen(stack, worker, made)
    after = await pages(stack, made)
    for own, listed, _, _ in (before, after):
        assert "It is over: production has moved to the candidate" in own
        assert "to another version than the one it began with, and the candidate serves now" in own
        assert "Not decided yet" not in own
        assert "Stop:" not in own
        assert listed.count("production moved") == 1
    shares = [own[own.index(">Shares<") :] for own in (before[0], after[0])]
    assert shares[0] == shares[1]
    await rolled_back(stack, task)
    own = (await pages(stack, made))[0]
    assert "It is over: production has moved <" in own
