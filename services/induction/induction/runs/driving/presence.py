"""Which workers live. Each says so by the clock in Redis, where it costs nothing and is forgotten;
no run depends on it: who has one is in its lease."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from nlu_shared.kit.process.clock import by_clock
from redis.asyncio import Redis
from redis.exceptions import RedisError

from induction.resources import Resources

BEAT = timedelta(seconds=10)
ALIVE = timedelta(seconds=35)
"""Since its last word: three may be lost."""
REMEMBERED = timedelta(hours=1)
WORKERS = "induction:workers"


@dataclass(frozen=True, slots=True)
class Worker:
    """By its host and process, and how long ago it was heard of."""

    name: str
    silent_for: timedelta

    @property
    def is_alive(self) -> bool:
        return self.silent_for <= ALIVE


async def present_by_clock(resources: Resources) -> None:
    """Until cancelled; a worker that ends says so."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    try:
        await by_clock(
            lambda: _beat(resources.redis, name), seconds=BEAT.total_seconds(), what="presence"
        )
    finally:
        with suppress(RedisError, OSError):
            await resources.redis.zrem(WORKERS, name)


async def _beat(redis: Redis, name: str) -> None:
    with suppress(RedisError, OSError):
        now, _ = await redis.time()
        await redis.zadd(WORKERS, {name: now})
        await redis.zremrangebyscore(WORKERS, "-inf", now - REMEMBERED.total_seconds())


async def workers(redis: Redis) -> list[Worker] | None:
    """Those of the last hour, heard of last first; None where Redis does not answer."""
    try:
        now, _ = await redis.time()
        known = await redis.zrevrange(WORKERS, 0, -1, withscores=True)
    except (RedisError, OSError):
        return None
    return [
        Worker(name.decode(), timedelta(seconds=max(0, round(now - score))))
        for name, score in known
    ]
