"""A run as it happens: rows are the truth, Redis only says that there are new ones.

`announce` publishes a wake-up or an unstored progress event; `follow` reads rows after a number
and wakes early when it hears one. Without Redis a follower is a second late, never wrong. All
followers of a process share one connection to the database and one to Redis.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.kit.data.reader import Question, Reader
from nlu_shared.kit.errors import Invalid, NotFound
from nlu_shared.kit.process.wakeups import Wakeups
from nlu_shared.schemas.events import EVENT, EvaluationProgress, StoredEvent
from nlu_shared.schemas.runs import RunStatus
from redis.asyncio import Redis
from redis.exceptions import RedisError

from induction.resources import RUN_CHANNEL

log = structlog.get_logger(__name__)
LOOK_SECONDS = 1.0
"""How late a follower is at most when Redis says nothing."""
PATIENCE_SECONDS = 600.0
"""How long a stream that has begun waits for the database: the headers are out, so that nothing
but its end could tell of an error. Comment pings go on meanwhile."""
EVENTS_AT_ONCE = 100
STANDING = "SELECT task, status, last_event FROM runs WHERE id = $1"
# One statement, so that the status is never newer than the events beside it.
NEWS = """
SELECT r.status, e.n, e.body FROM runs r
LEFT JOIN run_events e ON e.run_id = r.id AND e.n > $2
WHERE r.id = $1 ORDER BY e.n LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class StreamItem:
    """One event on its way out; progress has no number."""

    n: int | None
    event: StoredEvent | EvaluationProgress


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose run it is, and how far it has come."""

    task: str
    status: RunStatus
    last_event: int

    def nothing_left(self, *, after: int) -> bool:
        """True when the run is over and its last event was read. Raises Invalid for a number the
        run never gave out."""
        if after > self.last_event:
            raise Invalid("The run has not said that much yet.", code="unknown_event")
        return self.status.over and after == self.last_event


def _channel(run_id: UUID) -> str:
    return RUN_CHANNEL.format(run_id)


async def announce(redis: Redis, run_id: UUID, progress: EvaluationProgress | None = None) -> None:
    """Tells followers to look, or what the progress is. A Redis that is away is not an error."""
    with suppress(RedisError, OSError):
        await redis.publish(_channel(run_id), progress.model_dump_json() if progress else "")


async def standing(reader: Reader, run_id: UUID) -> Standing:
    """Raises NotFound, and Unavailable where the database is away."""
    rows = await reader.submit(Question(STANDING, (run_id,)))
    if not rows:
        raise NotFound("There is no such run.")
    row = rows[0]
    return Standing(row["task"], RunStatus(row["status"]), row["last_event"])


async def follow(
    reader: Reader, wakeups: Wakeups, run_id: UUID, *, after: int
) -> AsyncIterator[StreamItem]:
    """Every stored event above `after` in order, live progress in between, until the run is over
    and all was read. What goes wrong with the database is waited out, for PATIENCE_SECONDS;
    then it is raised."""
    clock = asyncio.get_running_loop().time
    silent_since = None
    with wakeups.listen(_channel(run_id)) as listener:
        while True:
            try:
                rows = await reader.submit(Question(NEWS, (run_id, after, EVENTS_AT_ONCE)))
            except Exception as error:
                silent_since = silent_since or clock()
                log.warning("follower waits", run_id=str(run_id), reason=type(error).__name__)
                if clock() - silent_since > PATIENCE_SECONDS:
                    raise
                await asyncio.sleep(LOOK_SECONDS)
                continue
            silent_since = None
            for row in rows:
                if row["n"] is not None:
                    yield StreamItem(row["n"], EVENT.validate_json(row["body"]))
                    after = row["n"]
            if len(rows) == EVENTS_AT_ONCE:
                continue
            if _is_over(rows):
                return
            for message in await listener.wait(LOOK_SECONDS):
                if message:
                    event = EVENT.validate_json(message)
                    if isinstance(event, EvaluationProgress):
                        yield StreamItem(None, event)


def _is_over(rows: Sequence[Any]) -> bool:
    """A run that is gone is over too."""
    return not rows or RunStatus(rows[0]["status"]).over
