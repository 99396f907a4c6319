"""A provider that asks one worker for less is sent less by all of them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from induction.llm.adapters.paces import Paces, SharedPace
from offline_model.app import create_app
from offline_model.settings import Fault, OfflineSettings
from redis.asyncio import Redis
from starlette.types import Receive, Scope, Send

from deploy.local.ports import free_port
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import opened, serving, until
from tests.induction.runs.driving import reached, start

CASES, AT_ONCE = 50, 4
REST = 4.0
"""Seconds of patience that one call is asked for."""
REFUSED = 12


class OnceRefusing:
    """The offline model, which refuses one call, number REFUSED. `arrivals` are seconds of this
    process' clock."""

    def __init__(self) -> None:
        self._kind = create_app(OfflineSettings(latency_ms=200))
        self._full = create_app(OfflineSettings(faults={Fault.RATE_LIMITED: 1}, retry_after_s=REST))
        self.arrivals: list[float] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._kind
        if scope["type"] == "http" and scope["path"] == "/v1/messages":
            self.arrivals.append(time.monotonic())
            app = self._full if len(self.arrivals) == REFUSED else app
        await app(scope, receive, send)


@pytest.mark.law
@pytest.mark.long
async def test_two_workers_grant_the_patience_that_one_call_is_asked_for(
    databases: Databases, servers: Servers
) -> None:
    model = OnceRefusing()
    async with (
        serving(model) as url,
        opened(databases, servers, anthropic_base_url=url, concurrency=AT_ONCE) as stack,
    ):
        for task in ("one", "two"):
            await make_task(stack, task, cases=CASES)
            # A prompt of its own, so that none is answered for the other.
            prompt = f"Of {task}: topic_0, topic_1, topic_2 or topic_3?"
            await stack.induction.post(
                f"/v1/prompts/{task}/versions", json={"text": prompt, "promote": True}
            )
        async with stack.working(runs_at_once=1), stack.working(runs_at_once=1):
            runs = [await start(stack, task, kind="evaluate") for task in ("one", "two")]
            ends = [await reached(stack, run) for run in runs]
    assert [one["status"] for one in ends] == ["completed", "completed"]
    assert len(model.arrivals) == 2 * CASES + 1
    gaps = [after - before for before, after in pairwise(model.arrivals[REFUSED - 1 :])]
    assert max(gaps) > REST / 2
    assert len(model.arrivals) - gaps.index(max(gaps)) - REFUSED > CASES / 2


@asynccontextmanager
async def two_workers(url: str) -> AsyncIterator[tuple[SharedPace, SharedPace]]:
    """What two processes know of the pace of one model."""
    redis = Redis.from_url(url, socket_connect_timeout=1)
    mine, others = Paces(redis), Paces(redis)
    name = f"test_paces/{free_port()}"
    try:
        yield mine.of(name), others.of(name)
    finally:
        await mine.close()
        await others.close()
        await redis.aclose()


@pytest.mark.law
async def test_what_one_worker_is_refused_lowers_the_others_and_answers_to_any_raise_both(
    servers: Servers,
) -> None:
    async with two_workers(servers.redis_url) as (one, other):
        assert (one.calls(16), other.calls(16)) == (16, 16)
        one.refused(0)
        assert one.calls(16) == 8

        async def heard(pace: SharedPace, calls: int) -> bool:
            pace.look()
            return pace.calls(16) >= calls if calls > 8 else pace.calls(16) == calls

        await until(lambda: heard(other, 8))

        async def answered() -> bool:
            other.answered()
            other.look()
            return await heard(one, 10)

        await until(answered)


async def test_without_redis_each_worker_keeps_a_pace_of_its_own() -> None:
    async with two_workers(f"redis://127.0.0.1:{free_port()}/0") as (one, other):
        one.refused(30)
        one.look()
        await asyncio.sleep(0)
        assert (one.calls(16), other.calls(16)) == (8, 16)
        assert one.rest > 0
        assert other.rest == 0
