"""Calls through the ledger (reserved, committed, sent, settled, committed) against bare calls."""

import asyncio
import time
from decimal import Decimal
from uuid import UUID

from induction.engine.runtime import Call
from induction.llm.adapters import adapters
from induction.llm.calls import Account, open_ledger_commits
from induction.llm.ledger import Ledger
from induction.llm.models import Answering, Models
from induction.llm.prices import SHIPPED
from induction.resources import APP_IDENTITY
from induction.settings import ModelSettings
from induction.task_kinds.base import ModelRequest
from induction.task_kinds.registry import task_of
from nlu_shared.kit.data.db import open_database
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.tasks import TaskIn
from offline_model.app import create_app

from benchmarks.rates import ratio_line
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task, texts
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened, serving

CALLS = 1_500
AT_ONCE = 16
BLOCK = 64
ROUNDS = 3


async def run(databases: Databases, servers: Servers) -> None:
    async with serving(create_app()) as model_url, opened(databases, servers) as stack:
        settings = ModelSettings(provider="offline", anthropic_base_url=model_url)
        models = Models(settings.models_of, adapters(settings.models_of))
        model = Answering(models, {})
        run_id = await _waiting_run(stack)
        pairs = []
        for number in range(ROUNDS):
            requests = _requests(number)
            pairs.append(
                (await _booked(stack, run_id, model, requests), await _bare(model, requests))
            )
        await models.close()
    print(ratio_line("model calls through the ledger", pairs, unit="calls/s", against="bare"))


def _requests(number: int) -> list[ModelRequest]:
    labels = tuple(LabelSpec(name=f"topic_{one}") for one in range(4))
    task = task_of(TaskIn(slug="bench", kind=TaskKind.INTENT, labels=labels))
    prompt = task.baseline()
    drawn = [text for text, _ in texts(CALLS, seed=number)]
    return [task.request(prompt, one, model="claude-haiku-5-5") for one in drawn]


async def _bare(model: Answering, requests: list[ModelRequest]) -> float:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(request: ModelRequest) -> None:
        async with gate:
            await model.complete(request)

    began = time.perf_counter()
    await asyncio.gather(*(one(request) for request in requests))
    return len(requests) / (time.perf_counter() - began)


async def _booked(
    stack: Stack, run_id: UUID, model: Answering, requests: list[ModelRequest]
) -> float:
    account = Account(
        run_id=run_id, fence=0, epoch=0,
        calls_limit=1_000_000, usd_limit=Decimal(1), month_cap_usd=Decimal(1), prices=SHIPPED,
    )  # fmt: skip
    async with (
        open_database(stack.settings.database) as database,
        open_ledger_commits(database, APP_IDENTITY) as commits,
    ):
        ledger = Ledger(account, commits, model)
        await ledger.load(database, APP_IDENTITY)
        began = time.perf_counter()
        for start in range(0, len(requests), BLOCK):
            await ledger.complete([Call(one) for one in requests[start : start + BLOCK]])
        return len(requests) / (time.perf_counter() - began)


async def _waiting_run(stack: Stack) -> UUID:
    """A run that no worker claims, to book calls on."""
    await make_task(stack, "bench", cases=1)
    started = await stack.induction.post("/v1/runs", json={"task": "bench"})
    return UUID(started.json()["id"])
