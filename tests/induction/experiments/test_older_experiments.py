"""Experiments of a version that told production's moves by the clock, as they are read after an
upgrade: of each, when production moved away from it is what it was.

The database is built at the revision before they knew the numbers of moves, and is upgraded as an
operator does it.
"""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg
import httpx2
import pytest
from nlu_shared.ids import uuid7

from tests.fixtures.databases import Databases
from tests.fixtures.older import upgraded_service
from tests.fixtures.servers import Servers

BEFORE_NUMBERS = "0063"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MOVED = "production moved to another version"


class Tried(NamedTuple):
    """An experiment with b; times are minutes after noon."""

    began: float
    status: str = "running"
    ended: float | None = None
    conclusion: str | None = None
    by: str = "experiment"
    stopped: float | None = None


class Old(NamedTuple):
    """What a task held: production's moves, each when and to what, and its experiments; and what
    is read of them now, each its share and when production moved away from it."""

    moves: list[tuple[float, str]]
    experiments: list[Tried]
    now: list[tuple[float, float | None]]


OLD = {
    "running": Old([(0, "a")], [Tried(10)], [(0.5, None)]),
    "left": Old([(0, "a"), (20, "c"), (30, "a")], [Tried(10)], [(0, 20)]),
    "come-back-before": Old([(0, "a"), (5, "c"), (8, "a")], [Tried(10)], [(0.5, None)]),
    # It began at ten, and waited for the task while production moved to its a.
    "waited": Old([(0, "a"), (5, "c"), (10.01, "a")], [Tried(10)], [(0.5, None)]),
    "clock-behind": Old([(15, "a")], [Tried(10)], [(0.5, None)]),
    "clock-behind-and-left": Old([(15, "a"), (20, "c")], [Tried(10)], [(0, 20)]),
    # Its a is what served last before the clock stepped back.
    "stepped-back": Old([(0, "a"), (9, "c")], [Tried(10)], [(0, 9)]),
    "served-and-left": Old(
        [(0, "a"), (30, "b"), (40, "a")],
        [Tried(10, "won", 20, "b succeeds more often", stopped=50)],
        [(0, 30)],
    ),
    "stopped-before": Old(
        [(0, "a"), (30, "c")], [Tried(10, "stopped", 20, "enough", "key:x")], [(0, None)]
    ),
    "stopped-after": Old(
        [(0, "a"), (30, "c")], [Tried(10, "stopped", 40, "enough", "key:x")], [(0, 30)]
    ),
    # The look that found it had waited for the task, and ended it by the time it began.
    "found-by-a-look": Old(
        [(0, "a"), (20.01, "c")], [Tried(10, "stopped", 20, MOVED)], [(0, 20.01)]
    ),
    "rolled-back": Old(
        [(0, "a"), (20, "c")], [Tried(10, "rolled_back", 20, "b succeeds less often")], [(0, None)]
    ),
    "won-twice": Old(
        [(0, "a")],
        [Tried(10, "won", 20, "b succeeds more often"), Tried(30), Tried(5, "stopped", 6, "x")],
        [(0, None), (0.5, None), (0, None)],
    ),
}


def at(minutes: float | None) -> datetime | None:
    return None if minutes is None else NOON + timedelta(minutes=minutes)


async def written_by_then(owner: asyncpg.Connection, task: str, old: Old) -> None:
    """What the version of that revision wrote."""
    await owner.execute("INSERT INTO tasks (slug, kind, labels) VALUES ($1, 'intent', '[]')", task)
    ids = {name: uuid7() for name in "abc"}
    for name, version in ids.items():
        await owner.execute(
            """
            INSERT INTO prompt_versions (id, task, version_hash, content, source)
            VALUES ($1, $2, $3, '{"instructions": [], "examples": []}', 'import')
            """,
            *(version, task, name * 64),
        )
    for n, (minutes, name) in enumerate(old.moves, start=1):
        await owner.execute(
            """
            INSERT INTO prompt_moves (task, alias, n, moved_at, version_id, by, is_rollback)
            VALUES ($1, 'production', $2, $3, $4, 'key:x', false)
            """,
            *(task, n, at(minutes), ids[name]),
        )
    for one in old.experiments:
        experiment = uuid7(at(one.began))
        await owner.execute(
            """
            INSERT INTO experiments (id, task, status, a_version_id, b_version_id, plan, centre,
                centres, counted_until, conclusion, by, created_at, ended_at, ended_by, stopped_at,
                stopped_by, stopped_because)
            VALUES ($1, $2, $3, $4, $5, $6, 0.5, '{}', $7, $8, 'key:x', $7, $9, $10, $11, $12, $12)
            """,
            *(experiment, task, one.status, ids["a"], ids["b"]),
            json.dumps({"version_id": str(ids["b"])}),
            *(at(one.began), one.conclusion, at(one.ended), one.ended and one.by),
            *(at(one.stopped), one.stopped and "key:x"),
        )
        await owner.execute(
            "INSERT INTO experiment_steps VALUES ($1, 1, 0.5, $2, 'it began')",
            *(experiment, at(one.began)),
        )


@pytest.fixture(scope="module")
async def upgraded(databases: Databases, servers: Servers) -> AsyncIterator[httpx2.AsyncClient]:
    old = await databases.at("induction", BEFORE_NUMBERS)
    owner = await asyncpg.connect(old.owner_url)
    try:
        for task, held in OLD.items():
            await written_by_then(owner, task, held)
    finally:
        await owner.close()
    async with upgraded_service(old, servers) as opened:
        yield opened


async def experiments(upgraded: httpx2.AsyncClient, task: str) -> dict[datetime, dict[str, Any]]:
    """By when they began."""
    answer = await upgraded.get(f"/v1/prompts/{task}/experiments")
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    return {datetime.fromisoformat(one["created_at"]): one for one in items}


@pytest.mark.parametrize("task", OLD)
async def test_when_production_left_an_older_experiment_is_what_it_was(
    upgraded: httpx2.AsyncClient, task: str
) -> None:
    shown = await experiments(upgraded, task)
    old = OLD[task]
    for tried, (share, moved) in zip(old.experiments, old.now, strict=True):
        one = shown[NOON + timedelta(minutes=tried.began)]
        moved_at = one["production_moved_at"]
        assert one["share"] == share
        assert (moved_at and datetime.fromisoformat(moved_at)) == at(moved)
        ended_at = one["ended_at"]
        assert (ended_at and datetime.fromisoformat(ended_at)) == at(tried.ended)
        assert (one["status"], one["conclusion"]) == (tried.status, tried.conclusion)


async def test_a_winner_beside_which_another_one_began_was_stopped_by_that(
    upgraded: httpx2.AsyncClient,
) -> None:
    won = (await experiments(upgraded, "won-twice"))[NOON + timedelta(minutes=10)]
    assert datetime.fromisoformat(won["stopped_at"]) == at(30)
    assert won["stopped_because"] == "another experiment began"
