"""Jobs: an outbox row in the transaction, a relay that sends it on, a worker that survives.

PostgreSQL is the engine and arq the doorbell: a job only wakes somebody who then reads rows, so
a Redis that is away or flushed costs time and never a fact. Payloads are JSON, never pickle.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.jobs import Job
from arq.worker import Worker, func
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Unavailable
from nlu_shared.schemas.jobs import JobOrder

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 1.0
"""Until an order that could not be handed over is offered again."""
IDLE_SECONDS = 10.0
"""Between two looks where nothing waits: how late the orders of a process that died before it
relayed them can be. A look each second, in every process, is most of what an idle service costs."""
REDIS_AWAY_SECONDS = 1.0
REDIS_ANSWER_SECONDS = 1.0
"""A Redis that hangs is one that is away: the relay's transaction waits no longer for it."""

OUTBOX_DDL = """
CREATE TABLE outbox (
    job_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    queue TEXT NOT NULL,
    arguments JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
)
"""


async def enqueue(session: AsyncSession, order: JobOrder) -> None:
    """Writes the order into this transaction; it is sent on after the commit.

    Equal `job_id`s that still wait become one job: a burst is one.
    """
    await session.execute(
        text(
            """
            INSERT INTO outbox (job_id, name, queue, arguments)
            VALUES (:job_id, :name, :queue, CAST(:arguments AS jsonb))
            ON CONFLICT (job_id) DO NOTHING
            """
        ),
        {
            "job_id": order.job_id,
            "name": order.name,
            "queue": order.queue,
            "arguments": json.dumps(order.arguments),
        },
    )
    session.info["handed_over"] = True


@dataclass(frozen=True, slots=True)
class Relayed:
    """How many waiting orders their queues took, and how many still wait."""

    taken: int
    left: int


async def relay_once(database: Database, identity: Identity, redis: ArqRedis) -> Relayed:
    """Sends waiting orders to their queues and forgets those that were taken.

    An order whose job of the same id is still at work stays and is offered again, so that what
    was committed after that job looked is looked at too.
    """
    taken = 0
    async with session_scope(database, identity) as session:
        waiting = await session.execute(
            text("SELECT * FROM outbox ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED")
        )
        orders = waiting.all()
        for row in orders:
            job = await _enqueued(redis, row)
            if job is not None:
                taken += 1
                await session.execute(
                    text("DELETE FROM outbox WHERE job_id = :job_id"), {"job_id": row.job_id}
                )
    return Relayed(taken, len(orders) - taken)


async def _enqueued(redis: ArqRedis, row: Any) -> Job | None:
    try:
        async with asyncio.timeout(REDIS_ANSWER_SECONDS):
            return await redis.enqueue_job(
                row.name, *row.arguments, _job_id=row.job_id, _queue_name=row.queue
            )
    except TimeoutError:
        raise RedisTimeout("Redis does not answer.") from None


@asynccontextmanager
async def relaying(database: Database, identity: Identity, redis_url: str) -> AsyncIterator[None]:
    """While the block runs, handed-over jobs are sent on: after each commit, and by the clock."""
    woken = asyncio.Event()
    database.after_handover.append(woken.set)
    relay = asyncio.create_task(_relay(database, identity, redis_url, woken), name="relay")
    try:
        yield
    finally:
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay


async def _relay(
    database: Database, identity: Identity, redis_url: str, woken: asyncio.Event
) -> None:
    """Until cancelled. Redis or the database going away is logged and outlived."""
    redis: ArqRedis | None = None
    rest = AGAIN_SECONDS
    while True:
        # Not wait_for: in Python 3.11 it swallows a cancellation that meets the wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await woken.wait()
        woken.clear()
        try:
            redis = redis or await connect(redis_url)
            relayed = await relay_once(database, identity, redis)
            rest = AGAIN_SECONDS if relayed.taken or relayed.left else IDLE_SECONDS
        except (RedisError, OSError, Unavailable) as away:
            log.warning("relay waits", reason=type(away).__name__)
            redis, rest = None, AGAIN_SECONDS
            await asyncio.sleep(REDIS_AWAY_SECONDS)
        except Exception:
            log.exception("relay failed")
            await asyncio.sleep(REDIS_AWAY_SECONDS)


async def connect(url: str) -> ArqRedis:
    """A JSON-speaking arq pool; raises RedisError or OSError at once when Redis is away."""
    settings = RedisSettings.from_dsn(url)
    settings.conn_retries = 0
    settings.conn_timeout = 2
    return await create_pool(settings, job_serializer=to_json, job_deserializer=json.loads)


def to_json(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, default=str).encode()


async def work(
    functions: Sequence[Callable[..., Coroutine[Any, Any, Any]]],
    *,
    queue: str,
    redis_url: str,
    **context: Any,
) -> None:
    """Serves `queue` until cancelled; a Redis that goes away is waited for, not died of.

    Each function gets arq's context dict first, with `context` in it, then the job's arguments.
    """
    while True:
        worker: Worker | None = None
        try:
            worker = Worker(
                functions=[func(f, keep_result=0, timeout=60, max_tries=5) for f in functions],
                queue_name=queue,
                redis_pool=await connect(redis_url),
                job_serializer=to_json,
                job_deserializer=json.loads,
                handle_signals=False,
                keep_result=0,
                ctx=dict(context),
                log_results=False,
            )
            await worker.async_run()
        except (RedisError, OSError) as away:
            log.warning("worker waits for redis", queue=queue, reason=type(away).__name__)
            await asyncio.sleep(REDIS_AWAY_SECONDS)
        finally:
            if worker is not None:
                with suppress(RedisError, OSError):
                    await worker.close()
