"""What finished runs would cost today: each model by itself, as its calls were sent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

import pytest
from induction.runs.starting.repricing import AlikeCalls, money
from induction.task_kinds.base import Usage
from offline_model.settings import OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, opened
from tests.induction.runs.batching import QUICK
from tests.induction.runs.driving import reached, start
from tests.induction.runs.test_likely_cost import forecast

RUN = UUID(int=1)
OLD, NEW = "claude-haiku-5-5", "claude-opus-5-5"
CHEAP = AlikeCalls(RUN, "cheap", "task", False, False, True, 10, 10, 1.0, 1.0, Usage(100, 10))
DEAR = replace(CHEAP, model="dear", usd=20.0, listed=20.0)
BATCHED = replace(CHEAP, batched=True, usd=0.5, listed=0.5)
KNOWN = {"cached": True, "attempts": 0, "usd": 0.0, "listed": 0.0}
TODAY = {"cheap": 0.1, "dear": 2.0}


def price(model: str, _: Usage, in_batch: bool) -> float | None:
    return TODAY[model] / (2 if in_batch else 1) if model in TODAY else None


@pytest.mark.parametrize(
    ("calls", "usd"),
    [
        ([CHEAP], 1.0),
        ([CHEAP, DEAR], 21.0),
        ([BATCHED], 0.5),
        ([CHEAP, BATCHED], 1.5),
        # The dear one was half as dear.
        ([CHEAP, replace(DEAR, usd=10.0, listed=10.0)], 21.0),
        # Repeated attempts are booked beyond the list, and as much dearer.
        ([replace(CHEAP, usd=0.75, listed=0.5)], 1.5),
        ([replace(CHEAP, is_metered=False, usd=3.0, listed=0.0)], 3.0),
        ([replace(CHEAP, model="unknown")], 1.0),
        # What was in the ledger is as dear as the same model's other answers.
        ([CHEAP, replace(CHEAP, **KNOWN), DEAR], 22.0),
        ([replace(CHEAP, **KNOWN), DEAR], 21.0),
        ([replace(DEAR, **KNOWN), CHEAP], 21.0),
        # A server that was not billed and is not.
        ([replace(CHEAP, model="own", usd=0.0)], 0.0),
        ([replace(CHEAP, model="own", **KNOWN)], 0.0),
    ],
)
def test_each_model_is_repriced_by_itself_and_as_its_calls_were_sent(
    calls: list[AlikeCalls], usd: float
) -> None:
    usd_of = money(calls, price, lambda model: model != "own", in_batches=False)
    assert usd_of[RUN] == pytest.approx(usd)


def test_what_was_in_the_ledger_would_be_asked_in_batches_by_a_run_that_uses_them() -> None:
    known = [replace(CHEAP, **KNOWN), replace(DEAR, purpose="proposer", **KNOWN)]
    usd_of = money(known, price, lambda _: True, in_batches=True)
    assert usd_of[RUN] == pytest.approx(0.5 + 20.0)


@pytest.fixture(scope="module")
async def paid(databases: Databases, servers: Servers) -> AsyncIterator[Stack]:
    model = OfflineSettings(batch_looks=1)
    async with opened(
        databases, servers, model=model, **{**QUICK, "provider": "anthropic"}
    ) as made:
        yield made


async def own_task(stack: Stack, task: str) -> None:
    """With a prompt of its own, so that nothing is answered for another task."""
    await make_task(stack, task, cases=60)
    text = f"Of {task}, which is it: topic_0, topic_1, topic_2 or topic_3?"
    await stack.induction.post(f"/v1/prompts/{task}/versions", json={"text": text, "promote": True})


async def likely_again(stack: Stack, task: str, **order: object) -> float:
    """The money that is likely of the same once more."""
    likely = (await forecast(stack, task, **order))["likely"]
    assert (likely["runs"], likely["is_own"]) == (1, True)
    least, most = likely["money_usd"]
    assert least == most
    return float(most)


@pytest.mark.law
async def test_a_migration_once_more_costs_what_it_cost_while_prices_stay(paid: Stack) -> None:
    await own_task(paid, "moved")
    order = {"kind": "migrate", "to_models": [NEW], "margin": 0.2}
    async with paid.working():
        seen = await reached(paid, await start(paid, "moved", **order), "completed")
    assert await likely_again(paid, "moved", **order) == pytest.approx(
        seen["spend"]["usd"], rel=0.01
    )


@pytest.mark.law
async def test_a_run_in_batches_once_more_costs_what_it_cost_while_prices_stay(
    paid: Stack,
) -> None:
    await own_task(paid, "batched")
    order = {"kind": "evaluate", "batches": True}
    async with paid.working(hasty=True):
        seen = await reached(paid, await start(paid, "batched", **order), "completed")
    assert await likely_again(paid, "batched", **order) == pytest.approx(
        seen["spend"]["usd"], rel=0.01
    )
