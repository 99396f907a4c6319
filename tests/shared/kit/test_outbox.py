"""A job is handed over with the commit that needs it, and nothing makes it vanish."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from arq.connections import ArqRedis
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import NotFound
from nlu_shared.kit.process import jobs
from nlu_shared.schemas.jobs import JobOrder

from tests.fixtures.servers import Servers
from tests.fixtures.stack import DEADLINE_SECONDS, until

NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[ArqRedis]:
    connected = await jobs.connect(servers.redis_url)
    yield connected
    await connected.aclose()


@pytest.fixture
def queue() -> str:
    """A queue no other test looks at."""
    return f"tests:{uuid4().hex}"


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await owner.execute("TRUNCATE outbox")


def order(queue: str, name: str = "greet", job_id: str | None = None) -> JobOrder:
    return JobOrder(
        name=name, queue=queue, job_id=job_id or uuid4().hex, arguments=("Zoë", '"quoted"')
    )


async def greet(context: dict[str, Any], *arguments: str) -> None:
    await context["heard"].put(arguments)


async def enqueue(database: Database, app: Identity, *orders: JobOrder) -> None:
    async with session_scope(database, app) as session:
        for one in orders:
            await jobs.enqueue(session, one)


async def waiting(owner: asyncpg.Connection) -> int:
    return int(await owner.fetchval("SELECT count(*) FROM outbox"))


async def test_a_rolled_back_transaction_hands_nothing_over(
    database: Database, app: Identity, owner: asyncpg.Connection, redis: ArqRedis, queue: str
) -> None:
    async def handed_over_in_vain() -> None:
        async with session_scope(database, app) as session:
            await jobs.enqueue(session, order(queue))
            raise NotFound

    with pytest.raises(NotFound):
        await handed_over_in_vain()
    assert await waiting(owner) == 0
    assert (await jobs.relay_once(database, app, redis)).taken == 0
    assert await redis.zcard(queue) == 0


async def test_a_burst_is_one_job(
    database: Database, app: Identity, owner: asyncpg.Connection, redis: ArqRedis, queue: str
) -> None:
    same = order(queue, job_id="the-same")
    await enqueue(database, app, same, same)
    await asyncio.gather(*(enqueue(database, app, same) for _ in range(5)))
    assert await waiting(owner) == 1
    assert (await jobs.relay_once(database, app, redis)).taken == 1
    assert await redis.zcard(queue) == 1


async def test_an_order_given_while_its_job_waits_is_offered_again_after_it(
    database: Database, app: Identity, owner: asyncpg.Connection, redis: ArqRedis, queue: str
) -> None:
    """What was committed after the job looked must be looked at too."""
    same = order(queue, job_id=uuid4().hex)
    await enqueue(database, app, same)
    assert (await jobs.relay_once(database, app, redis)).taken == 1
    await enqueue(database, app, same)
    assert (await jobs.relay_once(database, app, redis)).taken == 0
    assert await waiting(owner) == 1
    await redis.delete(queue, f"arq:job:{same.job_id}")
    assert (await jobs.relay_once(database, app, redis)).taken == 1
    assert await waiting(owner) == 0


async def test_two_relays_at_once_send_each_order_once(
    database: Database, app: Identity, owner: asyncpg.Connection, redis: ArqRedis, queue: str
) -> None:
    await enqueue(database, app, *(order(queue) for _ in range(40)))
    sent = await asyncio.gather(*(jobs.relay_once(database, app, redis) for _ in range(4)))
    assert sum(relayed.taken for relayed in sent) == 40
    assert await waiting(owner) == 0
    assert await redis.zcard(queue) == 40


async def test_orders_travel_as_json_and_never_as_pickle(
    database: Database, app: Identity, redis: ArqRedis, queue: str
) -> None:
    handed = order(queue)
    await enqueue(database, app, handed)
    await jobs.relay_once(database, app, redis)
    payload = json.loads(await redis.get(f"arq:job:{handed.job_id}"))
    assert payload["f"] == "greet"
    assert payload["a"] == ["Zoë", '"quoted"']


async def test_a_dead_redis_loses_nothing(
    database: Database,
    app: Identity,
    owner: asyncpg.Connection,
    servers: Servers,
    redis: ArqRedis,
    queue: str,
) -> None:
    async with jobs.relaying(database, app, NOWHERE):
        await enqueue(database, app, order(queue))
        assert await waiting(owner) == 1
    assert await waiting(owner) == 1
    async with jobs.relaying(database, app, servers.redis_url):

        async def sent() -> bool:
            return await waiting(owner) == 0

        await until(sent)
    assert await redis.zcard(queue) == 1


async def test_a_job_reaches_its_worker_soon_after_the_commit(
    database: Database, app: Identity, servers: Servers, queue: str
) -> None:
    heard: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()
    serving = asyncio.create_task(
        jobs.work([greet], queue=queue, redis_url=servers.redis_url, heard=heard)
    )
    try:
        async with (
            jobs.relaying(database, app, servers.redis_url),
            asyncio.timeout(DEADLINE_SECONDS),
        ):
            await enqueue(database, app, order(queue))
            assert await heard.get() == ("Zoë", '"quoted"')
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_a_worker_waits_for_a_redis_that_is_away(queue: str) -> None:
    serving = asyncio.create_task(jobs.work([], queue=queue, redis_url=NOWHERE))
    done, _ = await asyncio.wait([serving], timeout=0.3)
    assert not done
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
