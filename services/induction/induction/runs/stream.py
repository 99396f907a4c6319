"""A run as it happens: rows are the truth, Redis only says that there are new ones.

`announce` publishes a wake-up or an unstored progress event; `follow` reads rows after a number
and wakes early when it hears one. Without Redis a follower is a second late, never wrong.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nlu_shared.kit.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.events import EVENT, EvaluationProgress, StoredEvent
from nlu_shared.schemas.runs import RunStatus
from redis.asyncio import Redis
from redis.exceptions import RedisError

from induction.runs import journal, service

LOOK_SECONDS = 1.0
"""How late a follower is at most when Redis says nothing."""


@dataclass(frozen=True, slots=True)
class Said:
    """One event on its way out; progress has no number."""

    n: int | None
    event: StoredEvent | EvaluationProgress


def _channel(run_id: UUID) -> str:
    return f"induction:run:{run_id}"


async def announce(redis: Redis, run_id: UUID, progress: EvaluationProgress | None = None) -> None:
    """Tells followers to look, or what the progress is. A Redis that is away is not an error."""
    with suppress(RedisError, OSError):
        await redis.publish(_channel(run_id), progress.model_dump_json() if progress else "")


async def follow(
    database: Database, identity: Identity, redis: Redis, run_id: UUID, *, after: int
) -> AsyncIterator[Said]:
    """Every stored event above `after` in order, live progress in between, until the run is over
    and all was read."""
    async with _listening(redis, run_id) as bell:
        while True:
            async with session_scope(database, identity) as session:
                over = RunStatus((await service.get(session, run_id)).status).over
                rows = await journal.events(session, run_id, after=after)
            for row in rows:
                yield Said(row.n, EVENT.validate_python(row.body))
                after = row.n
            if over:
                return
            for progress in await bell.wait(LOOK_SECONDS):
                yield Said(None, progress)


async def nothing_left(database: Database, identity: Identity, run_id: UUID, *, after: int) -> bool:
    """True when the run is over and its last event was read. Raises NotFound, and Invalid for a
    number the run never gave out."""
    async with session_scope(database, identity) as session:
        row = await service.get(session, run_id)
    if after > row.last_event:
        raise Invalid("The run has not said that much yet.", code="unknown_event")
    return RunStatus(row.status).over and after == row.last_event


@dataclass(slots=True)
class _Bell:
    pubsub: Any

    async def wait(self, seconds: float) -> list[EvaluationProgress]:
        """The progress heard before the first call to look, or until `seconds` are over."""
        try:
            message = await self.pubsub.get_message(ignore_subscribe_messages=True, timeout=seconds)
        except (RedisError, OSError, RuntimeError):
            # RuntimeError: the subscription never came to be, because Redis was away.
            await asyncio.sleep(seconds)
            return []
        if message is None or not message["data"]:
            return []
        event = EVENT.validate_json(message["data"])
        return [event] if isinstance(event, EvaluationProgress) else []


@asynccontextmanager
async def _listening(redis: Redis, run_id: UUID) -> AsyncIterator[_Bell]:
    async with redis.pubsub() as pubsub:
        with suppress(RedisError, OSError):
            await pubsub.subscribe(_channel(run_id))
        yield _Bell(pubsub)
