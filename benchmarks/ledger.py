"""Calls through the ledger (reserved, committed, sent, settled, committed) against bare calls.

`python -m benchmarks.ledger` alone. Bare and booked calls take turns, and what a call takes is what
the model behind it takes: a server of its own over HTTP, or nothing but a wait, so that the ledger
is all there is to measure. Booked calls are asked in questions as a run asks them, each named while
the one before it is answered; the bare ones wait for nothing but a slot.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import zip_longest
from uuid import UUID

from induction.engine.runtime import Call
from induction.llm.accounting.accounting import Account, LedgerCommits, open_ledger_commits
from induction.llm.accounting.flights import Model, Slots
from induction.llm.adapters.attempts import always
from induction.llm.adapters.claude import ADAPTER_VERSION
from induction.llm.adapters.factory import adapters
from induction.llm.adapters.models import Answering, Models
from induction.llm.ledger import Ledger
from induction.llm.prices import SHIPPED
from induction.llm.servers import Server
from induction.model_settings import ModelSettings
from induction.resources import APP_IDENTITY
from induction.task_kinds.base import ModelAnswer, ModelRequest, Outcome, Usage
from induction.task_kinds.registry import task_of
from nlu_shared.kit.data.db import Database, open_database
from nlu_shared.rendering import render_parts, rendered
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.tasks import TaskIn
from offline_model.app import create_app

from benchmarks.rates import ratio_line
from benchmarks.stage import alone, postgres_cpu_seconds
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving

CALLS = 600
AT_ONCE = 16
BLOCK = 64
"""Calls in one question of a run."""
ROUNDS = 3
WAITS = ((32, 0.05, 1_920), (32, 0.05, BLOCK), (16, 0.2, BLOCK))
"""Calls at once, seconds each, and how many are asked for together."""
SECONDS = 3.0
"""Of bare calls in one round of those."""
Pair = tuple[float, float]


class Waiting:
    """A model that is billed and takes `seconds` for every answer."""

    def __init__(self, at_once: int, seconds: float) -> None:
        self._slots, self._seconds = Slots(at_once), seconds

    def server(self, model: str) -> Server:
        return Server(
            identity="anthropic", provider="anthropic", model=model, adapter=ADAPTER_VERSION
        )

    def slots(self, model: str) -> Slots:
        return self._slots

    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Callable[[], Awaitable[bool]] = always,
    ) -> ModelAnswer:
        await asyncio.sleep(self._seconds)
        return ModelAnswer(Outcome.OK, '{"label": "topic_1", "confidence": 0.9}', Usage(9, 0, 0, 9))


async def run(databases: Databases, servers: Servers) -> None:
    async with (
        opened(databases, servers) as stack,
        open_database(stack.settings.database) as database,
        open_ledger_commits(database, APP_IDENTITY) as commits,
    ):
        ledgers = await _ledgers(stack, database, commits)
        async with _served() as model:
            pairs = [await _pair(ledgers, model, AT_ONCE, BLOCK, n) for n in range(ROUNDS)]
        print(ratio_line("model calls through the ledger", pairs, unit="calls/s", against="bare"))
        for at_once, seconds, together in WAITS:
            model = Waiting(at_once, seconds)
            calls = int(SECONDS / seconds) * at_once
            cpu = time.process_time(), await postgres_cpu_seconds(servers)
            pairs = [
                await _pair(ledgers, model, at_once, together, number, calls)
                for number in range(ROUNDS)
            ]
            worker = (time.process_time() - cpu[0]) / (ROUNDS * calls)
            postgres = (await postgres_cpu_seconds(servers) - cpu[1]) / (ROUNDS * calls)
            together = min(together, calls)
            print(_wall_line(f"{at_once} calls of {seconds * 1000:.0f} ms, {together}", pairs))
            print(
                f"  a call booked and one bare: {worker * 1000:.2f} ms CPU of the worker,"
                f" {postgres * 1000:.2f} ms of PostgreSQL"
            )


def _wall_line(what: str, pairs: Sequence[Pair]) -> str:
    ratios = sorted(bare / booked for booked, bare in pairs)
    return (
        f"{what} asked for together: wall time {ratios[len(ratios) // 2]:.3f} of the bare calls'"
        f" ({ratios[0]:.3f} to {ratios[-1]:.3f})"
    )


@asynccontextmanager
async def _served() -> AsyncIterator[Model]:
    async with serving(create_app()) as url:
        settings = ModelSettings(provider="offline", anthropic_base_url=url)
        models = Models(settings.models_of, adapters(settings.models_of), concurrency=AT_ONCE)
        yield Answering(models, {})
        await models.close()


async def _ledgers(
    stack: Stack, database: Database, commits: LedgerCommits
) -> Callable[[Model, int], Awaitable[Ledger]]:
    """Opens the ledger of one run, which no worker claims, each time in an epoch of its own."""
    await make_task(stack, "bench", cases=1)
    run_id = UUID((await stack.induction.post("/v1/runs", json={"task": "bench"})).json()["id"])

    async def opening(model: Model, epoch: int) -> Ledger:
        account = Account(
            run_id=run_id, fence=0, epoch=epoch, calls_limit=1_000_000,
            usd_limit=Decimal(1_000), month_cap_usd=Decimal(1_000), prices=SHIPPED,
        )  # fmt: skip
        ledger = Ledger(account, commits, model)
        await ledger.load(database, APP_IDENTITY)
        return ledger

    return opening


async def _pair(
    ledgers: Callable[[Model, int], Awaitable[Ledger]],
    model: Model,
    at_once: int,
    together: int,
    number: int,
    calls: int = CALLS,
) -> Pair:
    """Calls a second, booked and bare."""
    requests = _requests(f"{type(model).__name__} {at_once} {together} {number}", calls)
    ledger = await ledgers(model, number)
    blocks = [
        [Call(one) for one in requests[start : start + together]]
        for start in range(0, calls, together)
    ]
    began = time.perf_counter()
    for block, following in zip_longest(blocks, blocks[1:], fillvalue=()):
        await ledger.complete(block, following)
    booked = time.perf_counter() - began
    gate = asyncio.Semaphore(at_once)

    async def bare(request: ModelRequest) -> None:
        async with gate:
            await model.complete(request)

    began = time.perf_counter()
    await asyncio.gather(*(bare(one) for one in requests))
    return calls / booked, calls / (time.perf_counter() - began)


def _requests(name: str, count: int) -> list[ModelRequest]:
    labels = tuple(LabelSpec(name=f"topic_{one}") for one in range(4))
    task = task_of(TaskIn(slug="bench", kind=TaskKind.INTENT, labels=labels))
    form = rendered(task.baseline(), task.answers)
    drawn = [f"{text} ({name})" for text, _ in texts(count, seed=1)]
    return [render_parts(form, one, model="claude-haiku-5-5") for one in drawn]


if __name__ == "__main__":
    alone(run)
