"""Three workers, runs of three tasks, and everything that can be killed is, at any moment: what is
in the database afterwards is what a quiet machine leaves there, and what the model's server has
counted is no more than was booked. `make faults`; STORM=n scales it.
"""

import asyncio
import json
import os
import random
import re
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from induction.llm.ledger import PROBES_FROM
from offline_model.settings import OfflineSettings

from tests.faults import audit
from tests.faults.accounting import books, counted
from tests.faults.storm import Storm, stage
from tests.fixtures.labelled import WORDS, add_case, make_task, texts
from tests.fixtures.stack import Stack, until
from tests.induction.runs.batching import broken
from tests.induction.runs.driving import ENDS, events, sql, start

pytestmark = pytest.mark.storm

STORM = float(os.environ.get("STORM", "1"))
BLOWS = {"kill": 50, "freeze": 10, "cut": 10, "crash": 5, "empty": 5}
"""At STORM=1."""
TASKS = ("east", "south", "west")
LEAST_RUNS = 2
CASES, MORE_CASES = 40, 20
"""At first, and before each further run of a task, which would ask little new without them."""
RANDOM_ORDER = OfflineSettings(latency_ms=100, jitter_ms=400, batch_seconds=2)
LIMITS = {"iterations": 2, "money_usd": 50, "calls": 20_000, "minutes": 1_000}
CAP = 100.0
LEASE_SECONDS = 6.0
BATCHING: dict[str, Any] = {
    "batch_calls": 12,
    "batch_poll_seconds": 0.5,
    "batch_settling_seconds": LEASE_SECONDS + 15,
}
"""A creation can take as long as a worker that sends it is stopped."""
PAUSE_SECONDS = (0.5, 4.0)
"""Between two blows."""
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
RUN_SECONDS = 1_800.0
UNANSWERED = """
SELECT call.run_id, call.purpose, call.sample, call.attempts, call.batched, call.created_at,
    run.completed_at, run.batches, batch.state, batch.reason
FROM llm_calls AS call JOIN runs AS run ON run.id = call.run_id
    LEFT JOIN llm_batch_calls AS sent ON sent.key = call.key AND sent.sample = call.sample
    LEFT JOIN llm_batches AS batch ON batch.id = sent.batch_id AND batch.run_id = call.run_id
WHERE call.outcome IS NULL
"""


async def campaign(stack: Stack, task: str, goes_on: Any) -> list[dict[str, Any]]:
    """Run after run of a task, each on more cases than the one before: at least `LEAST_RUNS`, and
    as long as `goes_on(number)`; every other one with Message Batches, not the same of all tasks.
    Each with its events and its prompt."""
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
        with_batches = (len(ended) + seed) % 2 == 0
        run = await start(stack, task, limits=LIMITS, batches=with_batches)
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


async def lasting(stack: Stack, run: str) -> list[dict[str, Any]]:
    """Its events without the ids of rows, which are luck; their numbers have no gap."""
    bodies = json.dumps(await events(stack, run))
    return list(json.loads(ID.sub("", bodies)))


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
    async with stage(
        model=RANDOM_ORDER, month_cap_usd=CAP, lease_seconds=LEASE_SECONDS, **BATCHING
    ) as (
        stack,
        postgres,
        redis,
        data,
    ):
        await audit.install(stack.induction_database)
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert (await sql(stack, f"SHOW {name}"))[0][0] == "on"
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
        audited = await audit.findings(stack.induction_database)
        batched = await batched_by(stack)
        recorded = {one["run"]: await lasting(stack, one["run"]) for one in _all(stormy)}
        crashes = await sql(stack, "SELECT sum(fence) AS fences, max(crashes) AS most FROM runs")
        unanswered = await sql(stack, UNANSWERED)
    assert all(one["seen"]["status"] == "completed" for one in _all(stormy)), stormy
    print(
        f"\n{dict(storm.blows)} in {lasted:.0f} s; {storm.left} workers left by themselves;"
        f" {len(recorded)} runs, {crashes[0]['fences']} claims,"
        f" at most {crashes[0]['most']} crashes in a row\n{audited}\n{batched}\n"
        f"{server.arrived} requests, {sum(server.by_request.values())} answers to"
        f" {len(server.by_request)} different ones; true {server.usd}, booked {ours.booked}"
    )
    assert (audited.settled_asked_again, audited.stolen) == (0, 0)
    assert (audited.claimed_twice, audited.strange_writes) == (0, 0)
    assert server.arrived <= audited.reservations
    assert server.usd <= ours.booked <= Decimal(CAP)
    # A probe whose worker is killed stays booked at its bound: the next one is another call.
    strange = [dict(one) for one in unanswered if one["sample"] <= PROBES_FROM]
    assert strange == []
    assert batched.twice == 0
    assert batched.of_rows == batched.made
    assert batched.made
    for one in _all(stormy):
        assert sum(event["type"] == "run_finished" for event in recorded[one["run"]]) == 1

    async with stage(month_cap_usd=CAP, **BATCHING) as (stack, _, _, _):
        async with stack.working(runs_at_once=len(TASKS)):
            counts = {task: len(ended) for task, ended in stormy.items()}
            calm = await asyncio.gather(
                *(campaign(stack, one, lambda n, one=one: n < counts[one]) for one in TASKS)
            )
        quiet = dict(zip(TASKS, calm, strict=True))
        undisturbed = {one["run"]: await lasting(stack, one["run"]) for one in _all(quiet)}
    assert _hashes(stormy) == _hashes(quiet)
    for stormy_one, quiet_one in zip(_all(stormy), _all(quiet), strict=True):
        assert recorded[stormy_one["run"]] == undisturbed[quiet_one["run"]]


@dataclass(frozen=True)
class Batched:
    """Batches that the model's server has made, those that are some row's, and calls that were
    answered in two."""

    made: set[str]
    of_rows: set[str]
    twice: int

    def __str__(self) -> str:
        return f"{len(self.made)} batches, {len(self.of_rows)} in rows, {self.twice} calls in two"


async def batched_by(stack: Stack) -> Batched:
    """Of a stack without an open run."""
    made = (await stack.model.get("/calls")).json()["batch_ids"]
    rows = await sql(stack, "SELECT provider_id FROM llm_batches WHERE provider_id IS NOT NULL")
    twice = (await broken(stack)).get("answered_twice", 0)
    return Batched(set(made), {row["provider_id"] for row in rows}, twice)


def _all(runs: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [one for ended in runs.values() for one in ended]


def _hashes(runs: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {task: [one["prompt_hash"] for one in ended] for task, ended in runs.items()}
