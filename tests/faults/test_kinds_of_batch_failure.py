"""Each way in which a Message Batch fails: what becomes of it and of its calls, what is booked, and
that the run ends all the same, with no call of it in two batches that were answered.
"""

from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from offline_model.settings import BatchFault, Fault, OfflineSettings

from tests.faults.accounting import books, counted
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened, until
from tests.induction.runs.batching import QUICK, batches, broken, made
from tests.induction.runs.driving import reached, start

pytestmark = pytest.mark.law

CASES = 60
SECOND = 12
"""Of them, those of the second question."""


class Row(NamedTuple):
    """`ends`: of the batches; `outcomes`: of their calls; `held`: whether more is booked at the end
    than the server counts; `sent`: batches that the server has made, None: some."""

    name: str
    model: OfflineSettings
    ends: set[str]
    outcomes: set[str]
    held: bool = False
    sent: int | None = None


def faulty(fault: BatchFault, one_in: int = 4) -> OfflineSettings:
    return OfflineSettings(batch_faults={fault: one_in})


TABLE = [
    Row("errored", faulty(BatchFault.ERRORED), {"ended"}, {"succeeded", "errored"}, sent=2),
    Row("expired", faulty(BatchFault.EXPIRED), {"ended"}, {"succeeded", "expired"}),
    Row("canceled", faulty(BatchFault.CANCELED), {"ended"}, {"succeeded", "canceled"}),
    Row("all expired", faulty(BatchFault.EXPIRED, 1), {"ended"}, {"expired"}, sent=4),
    Row("unknown", faulty(BatchFault.UNKNOWN, 1), {"lost"}, {"lost"}, held=True, sent=4),
    Row("unheard", OfflineSettings(batch_unheard=1), {"ended"}, {"succeeded"}, sent=2),
    Row("none here", OfflineSettings(batch_refused=404), {"unsent"}, {"unsent"}, sent=0),
    Row("not taken", OfflineSettings(batch_refused=400), {"unsent"}, {"unsent"}, sent=0),
    Row(
        "no message",
        OfflineSettings(faults={Fault.SERVER_ERROR: 4}),
        {"ended"},
        {"succeeded", "errored"},
        sent=2,
    ),
    Row(
        "unmetered",
        OfflineSettings(faults={Fault.USAGE_HUGE: 4}, fault_from=2),
        {"ended"},
        {"succeeded"},
        held=True,
        sent=2,
    ),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_each_failure_of_a_batch_is_survived_and_accounted_for(
    databases: Databases, servers: Servers, row: Row
) -> None:
    async with opened(databases, servers, model=row.model, provider="anthropic", **QUICK) as stack:
        await make_task(stack, "failing", cases=CASES)
        run = await start(stack, "failing", kind="evaluate", batches=True)
        async with stack.working(hasty=True):
            seen = await reached(stack, run)
        assert (seen["status"], seen["reason"]) == ("completed", "evaluated")
        assert seen["spend"]["unanswered_calls"] == 0
        refused = [note for note in seen["notes"] if "refused a batch (status " in note]
        assert len(refused) == (row.ends == {"unsent"})
        sent, requests = await batches(stack, run), await made(stack)
        assert {one["state"] for one in sent} == row.ends
        assert {outcome for one in sent for outcome in one["outcomes"]} == row.outcomes
        assert row.sent in (None, len(requests))
        assert len(requests) == sum(one["state"] != "unsent" for one in sent)
        spent, server = await books(stack, run), await counted(str(stack.model.base_url))
        assert (spent.booked > server.usd) is row.held
        assert spent.booked >= server.usd
        assert await broken(stack) == {}


@pytest.mark.parametrize(
    ("status", "ends", "reason"),
    [
        (401, "failed", "The provider stopped the run: status 401: the key is not taken"),
        (402, "failed", "The provider stopped the run: status 402: payment is due"),
        (429, "parked", "status 429: too many requests"),
        (529, "parked", "The provider does not answer: status 529: overloaded."),
    ],
)
async def test_a_batch_that_is_refused_leaves_nothing_booked(
    databases: Databases, servers: Servers, status: int, ends: str, reason: str
) -> None:
    model = OfflineSettings(batch_refused=status)
    changed: dict[str, Any] = {**QUICK, "batch_poll_seconds": 3_600}
    async with opened(databases, servers, model=model, provider="anthropic", **changed) as stack:
        await make_task(stack, "refused", cases=CASES)
        run = await start(stack, "refused", kind="evaluate", batches=True)
        async with stack.working(hasty=True, outage_seconds=3_600):
            seen = await reached(stack, run, ends)
        assert seen["reason"] == reason
        (batch,) = await batches(stack, run)
        assert (batch["state"], batch["outcomes"]) == ("unsent", ["unsent"])
        spent, server = await books(stack, run), await counted(str(stack.model.base_url))
        assert (spent.booked, spent.held_open) == (server.usd, Decimal(0))
        assert await broken(stack) == {}


async def test_a_cancelled_run_pays_for_a_batch_it_never_heard_of(
    databases: Databases, servers: Servers
) -> None:
    """What may be its own is found after its end too; until then all of it stays booked."""
    model = OfflineSettings(batch_unheard=1, batch_looks=1)
    async with opened(databases, servers, model=model, provider="anthropic", **QUICK) as stack:
        await make_task(stack, "unheard", cases=CASES)
        run = await start(stack, "unheard", kind="evaluate", batches=True)
        async with stack.working(hasty=True, batch_poll_seconds=3_600):
            seen = await reached(stack, run, "parked")
            assert seen["reason"].startswith("It is not known whether a batch of 48 answers")
        await stack.induction.post(f"/v1/runs/{run}/cancel")

        async def closed() -> bool:
            return all(one["ended_at"] for one in await batches(stack, run))

        async with stack.working(hasty=True):
            assert (await reached(stack, run))["status"] == "cancelled"
            await until(closed)
        (batch,) = await batches(stack, run)
        assert batch["state"] == "ended"
        assert len(await made(stack)) == 1
        spent, server = await books(stack, run), await counted(str(stack.model.base_url))
        assert spent.booked == server.usd
