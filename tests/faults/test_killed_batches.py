"""A worker killed around a Message Batch: it is sent once, found again, and settled once. Batches
are counted by the model's server, which holds one request back while the worker is killed."""

import asyncio
import signal
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum, auto

import pytest
from offline_model.app import create_app
from offline_model.settings import OfflineSettings
from offline_model.wire import VERSION as WIRE_VERSION
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.faults.accounting import books, counted
from tests.faults.test_a_killed_worker import LEASE_RUNS_OUT, worker
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers, running_servers
from tests.fixtures.stack import DEADLINE_SECONDS, client, opened, serving, until
from tests.induction.runs.batching import QUICK, batches, broken, made
from tests.induction.runs.driving import events, reached, sql, start

pytestmark = pytest.mark.law

CASES = 60
VERSION = {"anthropic-version": WIRE_VERSION}
CREATE = ("POST", "/v1/messages/batches")


class Held(Enum):
    """What is held back, the first time it comes."""

    CREATION = auto()  # the batch is intended, and not made
    ITS_ANSWER = auto()  # it is made, and its id is not written down
    RESULTS = auto()  # it has ended, and is not settled
    DELETION = auto()  # it is settled, and lies at its provider


class HoldingBack:
    """The model's server behind a gate: the first request of that kind waits to be let go, and
    `reached` says that it came."""

    def __init__(self, app: ASGIApp, held: Held | None) -> None:
        self._app, self._held = app, held
        self.reached, self.let_go = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_held(scope):
            await self._app(scope, receive, send)
            return
        held, self._held = self._held, None
        answer: list[Message] = []
        if held is Held.ITS_ANSWER:
            await self._app(scope, receive, _into(answer))
        self.reached.set()
        waits = [asyncio.create_task(one) for one in (self.let_go.wait(), _gone(receive))]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        if self.let_go.is_set():
            for message in answer:
                await send(message)

    def _is_held(self, scope: Scope) -> bool:
        if self._held is Held.RESULTS:
            return str(scope["path"]).endswith("/results")
        if self._held is Held.DELETION:
            return bool(scope["method"] == "DELETE")
        return self._held is not None and (scope["method"], scope["path"]) == CREATE


def _into(messages: list[Message]) -> Send:
    async def keep(message: Message) -> None:
        messages.append(message)

    return keep


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Durable as in production."""
    with running_servers(durable=True) as started:
        yield started


@pytest.mark.parametrize(
    ("held", "sizes", "states"),
    [
        pytest.param(*(Held.ITS_ANSWER, [48, 12], ["ended", "ended"]), marks=pytest.mark.long),
        pytest.param(
            *(Held.CREATION, [48, 12], ["unsent", "ended", "ended"]), marks=pytest.mark.long
        ),
        pytest.param(*(Held.RESULTS, [48, 12], ["ended", "ended"]), marks=pytest.mark.long),
    ],
)
async def test_a_kill_around_a_batch_sends_none_twice(
    databases: Databases,
    servers: Servers,
    held: Held,
    sizes: list[int],
    states: list[str],
) -> None:
    gate = HoldingBack(create_app(), held)
    async with (
        serving(gate) as url,
        opened(databases, servers, provider="anthropic", anthropic_base_url=url, **QUICK) as stack,
        client(url) as model,
    ):
        await make_task(stack, "killed", cases=CASES)
        run = await start(stack, "killed", kind="evaluate", batches=True)
        async with worker(stack) as process, asyncio.timeout(DEADLINE_SECONDS):
            await gate.reached.wait()
            process.send_signal(signal.SIGKILL)
            await process.wait()
        (batch,) = await batches(stack, run)
        assert (batch["state"], batch["outcomes"], batch["size"]) == (
            "submitted" if held is Held.RESULTS else "intended",
            ["open"],
            48,
        )
        await sql(stack, LEASE_RUNS_OUT, run)
        async with worker(stack):
            ended = await reached(stack, run)
        assert (ended["status"], ended["reason"]) == ("completed", "evaluated")
        assert [one["state"] for one in await batches(stack, run)] == states
        assert (await model.get("/calls")).json()["batches"] == sizes
        assert await broken(stack) == {}
        spent, server = await books(stack, run), await counted(url)
        assert (spent.booked, spent.attempts) == (server.usd, server.arrived)
        assert max(server.by_request.values()) == 1
        assert (await events(stack, run))[-1]["type"] == "run_finished"


@pytest.mark.long
async def test_a_worker_killed_while_its_run_is_parked_on_a_batch_leaves_it_to_the_next(
    databases: Databases, servers: Servers
) -> None:
    """Nobody holds such a run: no lease has to run out, and the batch is not sent again."""
    model = OfflineSettings(batch_looks=2)
    slow = {**QUICK, "batch_poll_seconds": 3_600}
    async with opened(databases, servers, model=model, provider="anthropic", **slow) as stack:
        await make_task(stack, "parked", cases=CASES)
        run = await start(stack, "parked", kind="evaluate", batches=True)
        async with worker(stack) as process:
            await reached(stack, run, "parked")
            process.send_signal(signal.SIGKILL)
            await process.wait()
        (batch,) = await batches(stack, run)
        assert (batch["state"], batch["outcomes"]) == ("submitted", ["open"])
        quick = replace(stack, settings=stack.settings.model_copy(update=QUICK))
        await stack.induction.post(f"/v1/runs/{run}/resume")
        async with worker(quick):
            seen = await reached(stack, run)
        assert (seen["status"], seen["outages"]) == ("completed", 0)
        assert await made(stack) == [48, 12]
        assert await broken(stack) == {}
        spent, server = await books(stack, run), await counted(str(stack.model.base_url))
        assert (spent.booked, spent.attempts) == (server.usd, server.arrived)


async def test_a_kill_while_a_read_batch_is_deleted_leaves_none_at_the_provider(
    databases: Databases, servers: Servers
) -> None:
    gate = HoldingBack(create_app(), Held.DELETION)
    async with (
        serving(gate) as url,
        opened(databases, servers, provider="anthropic", anthropic_base_url=url, **QUICK) as stack,
        client(url) as model,
    ):
        await make_task(stack, "read", cases=CASES)
        run = await start(stack, "read", kind="evaluate", batches=True)
        async with worker(stack) as process, asyncio.timeout(DEADLINE_SECONDS):
            await gate.reached.wait()
            process.send_signal(signal.SIGKILL)
            await process.wait()
        await sql(stack, LEASE_RUNS_OUT, run)
        await sql(stack, "UPDATE llm_batches SET look_at = now()")  # as an hour brings it

        async def deleted() -> bool:
            return all(one["deleted_at"] for one in await batches(stack, run))

        async with worker(stack):
            assert (await reached(stack, run))["status"] == "completed"
            await until(deleted)
        calls = (await model.get("/calls")).json()
        assert (calls["batches"], calls["batches_deleted"]) == ([48, 12], 2)
        assert await broken(stack) == {}


async def test_a_worker_that_lost_its_run_stops_the_batch_it_has_just_sent(
    databases: Databases, servers: Servers
) -> None:
    """Its answer is held back until another has claimed the run."""
    gate = HoldingBack(create_app(OfflineSettings(batch_looks=1_000)), Held.ITS_ANSWER)
    async with (
        serving(gate) as url,
        opened(databases, servers, anthropic_base_url=url, **QUICK) as stack,
        client(url) as model,
    ):
        await make_task(stack, "lost", cases=CASES)
        run = await start(stack, "lost", kind="evaluate", batches=True)
        async with stack.working():
            async with asyncio.timeout(DEADLINE_SECONDS):
                await gate.reached.wait()
            await sql(
                stack, "UPDATE runs SET fence = fence + 1, lease_until = now() WHERE id = $1", run
            )
            gate.let_go.set()

            async def stopped() -> bool:
                listed = (await model.get("/v1/messages/batches", headers=VERSION)).json()["data"]
                return bool(listed) and listed[-1]["cancel_initiated_at"] is not None

            await until(stopped)
            seen = await reached(stack, run, "parked", "completed")
        assert seen["status"] != "failed"
