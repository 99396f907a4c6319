"""Redis goes away and PostgreSQL crashes while a run is under way and predictions come in.

Both servers are this module's own, so that nobody else misses them.
"""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx2
import pytest
from nlu_shared.ids import uuid7
from offline_model.settings import OfflineSettings

from deploy.local import placement
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis
from tests.fixtures.databases import Databases
from tests.fixtures.labelled import make_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, client, opened, until

pytestmark = pytest.mark.law

SLOW = OfflineSettings(latency_ms=20)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    data = Path(tempfile.mkdtemp(prefix="nlu-faults-"))
    data.chmod(0o711)
    yield data
    placement.remove(data)


@pytest.fixture(scope="module")
async def mortal(place: Path) -> AsyncIterator[tuple[Postgres, Redis, Stack]]:
    async with Postgres(place) as postgres, Redis(place) as redis:
        databases = Databases(Servers(postgres.admin_url, redis.url))
        async with opened(databases, databases.servers, model=SLOW, lease_seconds=4) as stack:
            yield postgres, redis, stack


async def finished(stack: Stack, run: str) -> bool:
    try:
        answer = await stack.induction.get(f"/v1/runs/{run}")
    except httpx2.HTTPError:
        return False
    return answer.is_success and answer.json()["status"] == "completed"


async def under_way(stack: Stack, run: str) -> bool:
    return bool((await stack.induction.get(f"/v1/runs/{run}")).json()["spend"]["calls"])


async def test_a_run_does_not_need_redis_and_jobs_wait_for_it(
    mortal: tuple[Postgres, Redis, Stack],
) -> None:
    _, redis, stack = mortal
    await make_task(stack, "without", cases=25)
    async with stack.working():
        await redis.stop()
        started = await stack.induction.post("/v1/runs", json={"task": "without"})
        assert started.status_code == 202
        await until(lambda: finished(stack, started.json()["id"]))
        rules = {"task": "without", "enabled": True}
        assert (await stack.induction.post("/v1/admin/auto-trigger", json=rules)).is_success
        logged = await stack.logger.post(
            "/v1/predictions",
            json={
                "task": "without",
                "prompt": "new",
                "predicted_intent": "topic_0",
                "confidence": 0.1,
            },
        )
        log_id = logged.json()["log_id"]
        confirmation = await stack.logger.post(f"/v1/predictions/{log_id}/confirm", json={})
        approved = await stack.logger.post(
            f"/v1/corrections/{confirmation.json()['id']}/approve", json={}
        )
        assert approved.status_code == 200
        owner = await asyncpg.connect(stack.logger_database.owner_url)
        assert await owner.fetchval("SELECT job_id FROM outbox") == "consider:without"
        await redis.start()

        async def handed_over() -> bool:
            return await owner.fetchval("SELECT count(*) FROM outbox") == 0

        await until(handed_over)
        await owner.close()

        async def considered() -> bool:
            response = await stack.induction.get("/v1/admin/auto-trigger/decisions")
            return bool(response.json()["items"])

        await until(considered)


async def test_a_crash_of_the_database_loses_nothing_that_was_acknowledged(
    mortal: tuple[Postgres, Redis, Stack],
) -> None:
    postgres, _, stack = mortal
    await make_task(stack, "crashed", cases=40)
    run = (await stack.induction.post("/v1/runs", json={"task": "crashed"})).json()["id"]
    acknowledged: set[UUID] = set()
    refusals: set[int] = set()
    stop = asyncio.Event()
    writers = [asyncio.create_task(write(stack, acknowledged, refusals, stop)) for _ in range(8)]
    async with stack.working():
        await until(lambda: under_way(stack, run))
        await until(lambda: many(acknowledged))
        postgres.child.process.send_signal(signal.SIGQUIT)
        await postgres.child.process.wait()
        await until(lambda: refused(refusals))
        await postgres.start()
        before = len(acknowledged)
        await until(lambda: many(acknowledged, more_than=before + 50))
        stop.set()
        await asyncio.gather(*writers)
        await until(lambda: finished(stack, run))
    owner = await asyncpg.connect(stack.logger_database.owner_url)
    stored = {
        row["id"] for row in await owner.fetch("SELECT id FROM nlu_prompt_logs WHERE task = 'load'")
    }
    await owner.close()
    assert acknowledged <= stored
    assert refusals == {503}
    induction = await asyncpg.connect(stack.induction_database.owner_url)
    numbers = await induction.fetch("SELECT n FROM run_events WHERE run_id = $1 ORDER BY n", run)
    assert [row["n"] for row in numbers] == list(range(1, len(numbers) + 1))
    assert await induction.fetchval("SELECT count(*) FROM llm_calls WHERE outcome IS NULL") == 0
    await induction.close()


async def write(
    stack: Stack, acknowledged: set[UUID], refusals: set[int], stop: asyncio.Event
) -> None:
    """Posts one prediction after another, each again under its id until it is acknowledged."""
    async with client(str(stack.logger.base_url)) as hasty:
        while not stop.is_set():
            await _acknowledge(hasty, acknowledged, refusals)


async def _acknowledge(
    http: httpx2.AsyncClient, acknowledged: set[UUID], refusals: set[int]
) -> None:
    body = {"id": str(uuid7()), "task": "load", "prompt": "p", "predicted_intent": "x",
            "confidence": 0.5}  # fmt: skip
    while not (answer := await http.post("/v1/predictions", json=body)).is_success:
        refusals.add(answer.status_code)
        assert answer.headers["retry-after"]
    acknowledged.add(UUID(answer.json()["log_id"]))


async def many(acknowledged: set[UUID], *, more_than: int = 50) -> bool:
    return len(acknowledged) > more_than


async def refused(refusals: set[int]) -> bool:
    return bool(refusals)
