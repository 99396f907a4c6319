"""Three workers, runs of three tasks, and everything that can be killed is, at any moment: what is
in the database afterwards is what a quiet machine leaves there, and what the model's server has
counted is no more than was booked. `make faults`; STORM=n scales it.
"""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from offline_model.settings import OfflineSettings

from deploy.local import placement
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis
from deploy.local.secrets import make_temporary
from tests.faults import audit
from tests.faults.accounting import books, counted
from tests.faults.storm import Storm
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import WORDS, add_case, make_task, texts
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, until
from tests.induction.runs.driving import ENDS, events, sql, start

pytestmark = pytest.mark.storm

STORM = float(os.environ.get("STORM", "1"))
BLOWS = {"kill": 50, "freeze": 10, "crash": 5, "empty": 5}
"""At STORM=1."""
TASKS = ("east", "south", "west")
LEAST_RUNS = 2
CASES, MORE_CASES = 40, 20
"""At first, and before each further run of a task, which would ask little new without them."""
RANDOM_ORDER = OfflineSettings(latency_ms=100, jitter_ms=400)
LIMITS = {"iterations": 2, "money_usd": 50, "calls": 20_000, "minutes": 1_000}
CAP = 100.0
PAUSE_SECONDS = (0.5, 4.0)
"""Between two blows."""
RUN_SECONDS = 1_800.0


@asynccontextmanager
async def stage(**changed: Any) -> AsyncIterator[tuple[Stack, Postgres, Redis, Path]]:
    """Servers, services and databases that nobody else has."""
    data = make_temporary("nlu-storm-")
    try:
        async with Postgres(data) as postgres, Redis(data) as redis:
            databases = Databases(Servers(postgres.admin_url, redis.url))
            async with opened(
                databases,
                databases.servers,
                provider="anthropic",
                month_cap_usd=CAP,
                concurrency=4,
                **changed,
            ) as stack:
                yield stack, postgres, redis, data
    finally:
        placement.remove(data)


async def campaign(stack: Stack, task: str, goes_on: Any) -> list[dict[str, Any]]:
    """Run after run of a task, each on more cases than the one before: at least `LEAST_RUNS`, and
    as long as `goes_on(number)`. Each with its events and its prompt."""
    seed = TASKS.index(task)
    pool = texts(CASES + 20 * MORE_CASES, seed=seed)
    names = {name: f"topic_{number}" for number, name in enumerate(sorted(WORDS))}
    await make_task(stack, task)
    ended: list[dict[str, Any]] = []
    known = 0
    while len(ended) < LEAST_RUNS or goes_on(len(ended)):
        upto = CASES + MORE_CASES * len(ended)
        for text, label in pool[known:upto]:
            await add_case(stack.logger, task, text, names[label])
        known = upto
        run = await start(stack, task, limits=LIMITS)
        seen = await until(lambda run=run: _over(stack, run), seconds=RUN_SECONDS)
        best = await stack.induction.get(f"/v1/prompts/{task}/versions/{seen['best_version_id']}")
        ended.append({"run": run, "seen": seen, "prompt_hash": best.json()["version_hash"]})
    return ended


async def _over(stack: Stack, run: str) -> dict[str, Any] | None:
    try:
        answer = await stack.induction.get(f"/v1/runs/{run}")
    except httpx2.HTTPError:
        return None
    seen: dict[str, Any] = answer.json()
    return seen if answer.is_success and seen["status"] in ENDS else None


async def blow(storm: Storm, left: list[str]) -> None:
    """All of them in a random order, with pauses."""
    while left:
        await asyncio.sleep(storm.chance.uniform(*PAUSE_SECONDS))
        await storm.man()
        kind = left[-1]
        await getattr(storm, kind)()
        left.pop()
        await storm.man()


async def test_whatever_is_killed_each_run_ends_as_it_would_have() -> None:
    chance = random.Random(1)
    left = [kind for kind, count in BLOWS.items() for _ in range(max(1, round(count * STORM)))]
    chance.shuffle(left)
    began = time.monotonic()
    async with stage(model=RANDOM_ORDER, lease_seconds=4) as (stack, postgres, redis, data):
        await audit.install(stack.induction_database)
        storm = Storm(stack, postgres, redis, data, chance)
        await storm.man()
        try:
            runs = asyncio.gather(*(campaign(stack, one, lambda _: bool(left)) for one in TASKS))
            await asyncio.gather(blow(storm, left), runs)
        finally:
            await storm.stop()
        stormy = dict(zip(TASKS, runs.result(), strict=True))
        lasted = time.monotonic() - began
        ours = await books(stack)
        server = await counted(str(stack.model.base_url))
        found = await audit.findings(stack.induction_database)
        told = {one["run"]: await events(stack, one["run"]) for one in _all(stormy)}
        crashes = await sql(stack, "SELECT sum(fence) AS fences, max(crashes) AS most FROM runs")
    assert all(one["seen"]["status"] == "completed" for one in _all(stormy)), stormy
    print(
        f"\n{dict(storm.blows)} in {lasted:.0f} s, {dict(storm.met)} on a worker that drove a run,"
        f" {storm.left} workers left by themselves; {len(told)} runs,"
        f" {crashes[0]['fences']} claims, at most {crashes[0]['most']} crashes in a row\n{found}\n"
        f"{server.arrived} requests, {sum(server.by_request.values())} answers to"
        f" {len(server.by_request)} different ones; true {server.usd}, booked {ours.booked}"
    )
    assert (found.settled_asked_again, found.stolen) == (0, 0)
    assert (found.claimed_twice, found.strange_writes) == (0, 0)
    assert server.arrived <= found.reservations
    assert server.usd <= ours.booked <= Decimal(CAP)
    assert ours.open == 0
    for one in _all(stormy):
        assert sum(event["type"] == "run_finished" for event in told[one["run"]]) == 1

    async with stage() as (stack, _, _, _):
        async with stack.working(runs_at_once=len(TASKS)):
            counts = {task: len(ended) for task, ended in stormy.items()}
            calm = await asyncio.gather(
                *(campaign(stack, one, lambda n, one=one: n < counts[one]) for one in TASKS)
            )
        quiet = dict(zip(TASKS, calm, strict=True))
        undisturbed = {one["run"]: await events(stack, one["run"]) for one in _all(quiet)}
    assert _hashes(stormy) == _hashes(quiet)
    for ours_, theirs in zip(_all(stormy), _all(quiet), strict=True):
        assert told[ours_["run"]] == undisturbed[theirs["run"]]


def _all(runs: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [one for ended in runs.values() for one in ended]


def _hashes(runs: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {task: [one["prompt_hash"] for one in ended] for task, ended in runs.items()}
