"""Every part of the stack is killed outright in turn; each comes back, and nothing is lost."""

import asyncio
import os
import signal
from pathlib import Path

import httpx2
import pytest

from deploy.local.restarts import DEATHS_AT_MOST, LONGEST_OF_A_WORKER_SECONDS, Deaths
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import DEADLINE_SECONDS, client, until
from tests.local.processes import descendants
from tests.local.test_stack import Running, data, named, running

__all__ = ["data"]

pytestmark = pytest.mark.law
PARTS = {
    "PostgreSQL": ("postgres", "-D"),
    "Redis": ("redis-server",),
    "offline model": ("offline_model",),
    "nlu-logger serve": ("nlu_logger.cli", "serve"),
    "induction serve": ("induction.cli", "serve"),
    "nlu-logger work": ("nlu_logger.cli", "work"),
    "induction work": ("induction.cli", "work"),
}


def test_waits_grow_until_it_is_of_no_use_and_a_long_life_begins_anew() -> None:
    deaths = Deaths()
    assert [deaths.wait(lived=0.1) for _ in range(3)] == [0.25, 0.5, 1.0]
    assert deaths.wait(lived=60) == 0.25
    waits = [deaths.wait(lived=0) for _ in range(DEATHS_AT_MOST)]
    assert waits[-1] is None
    assert None not in waits[:-1]


def test_a_worker_that_will_not_stay_is_started_again_without_end() -> None:
    deaths = Deaths(spared=True)
    waits = [deaths.wait(lived=0) for _ in range(50)]
    assert None not in waits
    assert waits[-1] == LONGEST_OF_A_WORKER_SECONDS


async def kill(stack: Running, part: str) -> None:
    """Outright; returns once it was said that it is started again."""
    assert stack.process.stdout is not None
    (pid, *_) = sorted(named(descendants(stack.process.pid), *PARTS[part]))
    os.kill(pid, signal.SIGKILL)
    line = (await asyncio.wait_for(stack.process.stdout.readline(), DEADLINE_SECONDS)).decode()
    assert line.startswith(f"{part} ended (exit code -9): started again in "), line
    stack.lines.append(line)


async def is_ready(http: httpx2.AsyncClient) -> bool:
    try:
        return (await http.get("/readyz")).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False


class Loop:
    """The two services as their callers meet them."""

    def __init__(self, logger: httpx2.AsyncClient, induction: httpx2.AsyncClient) -> None:
        self.logger, self.induction = logger, induction
        self.logged: list[str] = []

    async def are_ready(self) -> bool:
        return await is_ready(self.logger) and await is_ready(self.induction)

    async def log(self) -> bool:
        prediction = {
            "task": "kept",
            "prompt": "p",
            "predicted_intent": "topic_0",
            "confidence": 0.5,
        }
        try:
            answer = await self.logger.post("/v1/predictions", json=prediction)
        except httpx2.HTTPError:
            return False
        if answer.is_success:
            self.logged.append(answer.json()["log_id"])
        return answer.is_success

    async def decisions(self) -> int:
        try:
            response = await self.induction.get("/v1/admin/auto-trigger/decisions")
        except httpx2.HTTPError:
            return -1
        return len(response.json()["items"]) if response.is_success else -1


@pytest.mark.long
async def test_each_part_that_is_killed_comes_back_and_nothing_is_lost(data: Path) -> None:
    async with (
        running(data) as stack,
        client(stack.nlu_logger, stack.key) as logger,
        client(stack.induction, stack.key) as induction,
    ):
        loop = Loop(logger, induction)
        await make_task(loop, "kept", cases=24)  # type: ignore[arg-type]
        await induction.post("/v1/admin/auto-trigger", json={"task": "kept", "enabled": True})
        for part in PARTS:
            await kill(stack, part)
            await until(loop.log)
            await until(loop.are_ready)
        for log_id in loop.logged:
            assert (await logger.get(f"/v1/predictions/{log_id}")).status_code == 200

        # Approving rings by Redis: its clock would take five minutes.
        before = await loop.decisions()
        confirmed = await logger.post(f"/v1/predictions/{loop.logged[0]}/confirm", json={})
        path = f"/v1/corrections/{confirmed.json()['id']}/approve"
        assert (await logger.post(path, json={})).status_code == 200

        async def considered() -> bool:
            return await loop.decisions() > before

        await until(considered)
        run = await induction.post("/v1/runs", json={"task": "kept", "kind": "evaluate"})

        async def completed() -> bool:
            seen = await induction.get(f"/v1/runs/{run.json()['id']}")
            return bool(seen.json()["status"] == "completed")

        await until(completed)
