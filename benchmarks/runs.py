"""A whole improve run against its critical path: the chain of its calls, and nothing else.

`python -m benchmarks.runs` alone. The run is driven once as it comes, to have its answers; then
again on other databases by a worker like any other, from answers that take `SECONDS` each and
nothing to make. Against it stand the same questions laid on the same slots with no time in between,
and the engine by itself, asking the same with nothing booked, written down or told.
"""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from induction import worker
from induction.engine.run import improve
from induction.engine.runtime import Call, Event, Inbox
from induction.llm.accounting.flights import Key
from induction.llm.adapters.attempts import Again, always
from induction.llm.adapters.factory import adapters
from induction.llm.adapters.models import Models
from induction.llm.servers import Server
from induction.resources import APP_IDENTITY, Resources, open_resources
from induction.runs.computing import process as engine_process
from induction.runs.driving import loading
from induction.runs.models import RunRow
from induction.task_kinds.base import ModelAnswer, ModelRequest
from nlu_shared.kit.data.db import session_scope
from offline_model.settings import OfflineSettings

from benchmarks.stage import alone
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.driving import reached, sql, start

CASES = 400
SECONDS = 0.2
AT_ONCE = 16
LIMITS = {"iterations": 5}
NOISE = OfflineSettings(noise=0.1)
"""So that no baseline is perfect and leaves nothing to improve."""


class Remembered(Models):
    """Asks the model once for each question; from then on the answer takes so long and no work."""

    memory: dict[Key, ModelAnswer] = {}
    seconds = 0.0

    async def complete(
        self, request: ModelRequest, server: Server, *, sample: int = 0, again: Again = always
    ) -> ModelAnswer:
        key = request.key, sample
        if key not in self.memory:
            self.memory[key] = await super().complete(request, server, sample=sample, again=again)
        await asyncio.sleep(self.seconds)
        return self.memory[key]


@dataclass
class Bare:
    """The engine's runtime with nothing but calls. `path` is how long they take on the slots where
    nothing else takes any time."""

    answers: dict[Key, ModelAnswer]
    path: float = 0.0
    calls: int = 0
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _tasks: dict[Key, asyncio.Task[None]] = field(default_factory=dict)
    _ends: dict[Key, float] = field(default_factory=dict)
    _slots: list[float] = field(default_factory=lambda: [0.0] * AT_ONCE)

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        keys = [(one.request.key, one.sample) for one in calls]
        for key in [*keys, *((one.request.key, one.sample) for one in ahead)]:
            if key not in self._tasks:
                self._tasks[key] = asyncio.create_task(self._call())
                began = max(heapq.heappop(self._slots), self.path)
                self._ends[key] = began + SECONDS
                heapq.heappush(self._slots, self._ends[key])
        await asyncio.gather(*(self._tasks[key] for key in keys))
        self.path = max([self.path, *(self._ends[key] for key in keys)])
        self.calls = len(self._tasks)
        return [self.answers[key] for key in keys]

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        return Inbox()

    async def tell(self, event: Event) -> None:
        pass

    async def _call(self) -> None:
        async with self._gate:
            await asyncio.sleep(SECONDS)


async def run(databases: Databases, servers: Servers) -> None:
    async with _ready(databases, servers) as (stack, resources):
        await _driven(stack, resources, seconds=0.0)
    async with _ready(databases, servers) as (stack, resources):
        run_id, wall = await _driven(stack, resources, seconds=SECONDS)
        plan = await _plan(resources, run_id)
    bare = Bare(Remembered.memory)
    began = time.perf_counter()
    await improve(plan, bare)
    alone = time.perf_counter() - began
    print(
        f"a run of {bare.calls} calls of {SECONDS * 1000:.0f} ms, {AT_ONCE} at once: {wall:.1f} s,"
        f" {wall / bare.path:.3f} of the calls alone ({bare.path:.1f} s),"
        f" {wall / alone:.3f} of the bare engine's ({alone:.1f} s)"
    )


@asynccontextmanager
async def _ready(databases: Databases, servers: Servers) -> AsyncIterator[tuple[Stack, Resources]]:
    async with opened(databases, servers, model=NOISE) as stack:
        await make_task(stack, "bench", cases=CASES)
        async with open_resources(stack.settings) as resources:
            providers = stack.settings.models_of
            models = Remembered(providers, adapters(providers), concurrency=AT_ONCE)
            yield stack, replace(resources, models=models)
            await models.close()


async def _driven(stack: Stack, resources: Resources, *, seconds: float) -> tuple[str, float]:
    """The run, and the seconds between its claim and its end."""
    Remembered.seconds = seconds
    parts = [asyncio.create_task(part) for part in worker.parts(resources)]
    run_id = await start(stack, "bench", limits=LIMITS)
    await reached(stack, run_id, "completed")
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)
    taken = "SELECT extract(epoch FROM completed_at - started_at)::float8 AS s FROM runs"
    (row,) = await sql(stack, taken)
    return run_id, row["s"]


async def _plan(resources: Resources, run_id: str) -> Any:
    async with session_scope(resources.database, APP_IDENTITY) as session:
        row = await session.get_one(RunRow, run_id)
    async with engine_process.opened(_never, seconds=60) as engine:
        return await loading.plan(resources, row, engine)


async def _never(_: float) -> None:
    pass


if __name__ == "__main__":
    alone(run)
