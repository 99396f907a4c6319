"""Runs as they happen: rows are the truth, Redis only says that there are new ones.

`announce` publishes a wake-up or an unstored progress event; `follow` reads rows after a number
and wakes early when it hears one. Without Redis a follower is a second late, never wrong. All
followers of a process share one connection to the database and one to Redis.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.kit.data.reader import Question, Reader
from nlu_shared.kit.errors import Invalid, NotFound
from nlu_shared.kit.process.wakeups import Wakeups
from nlu_shared.schemas.events import EVENT, CancelRequested, EvaluationProgress, Streamed
from nlu_shared.schemas.runs import RunStatus
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from induction.resources import RUN_CHANNEL

log = structlog.get_logger(__name__)
LOOK_SECONDS = 1.0
"""How late a follower is at most when Redis is away."""
HEARING_SECONDS = 5.0
"""How late it is at most when Redis is there and lost a word. A thousand followers who look every
second leave no time to write to them."""
PATIENCE_SECONDS = 600.0
"""How long a stream that has begun waits for the database: the headers are out, so that nothing
but its end could tell of an error. Comment pings go on meanwhile."""
PROGRESS_SECONDS = 3_600
"""How long the last progress is kept for whoever comes, or comes back."""
EVENTS_AT_ONCE = 100
STANDING = "SELECT id, task, status, last_event FROM runs WHERE id = ANY($1::uuid[])"
# One statement, so that no status is newer than the events beside it.
NEWS = """
SELECT wanted.id, r.status, r.cancel_requested, e.n, e.body
FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, after)
LEFT JOIN runs r ON r.id = wanted.id
LEFT JOIN LATERAL (
    SELECT n, body FROM run_events WHERE run_id = wanted.id AND n > wanted.after ORDER BY n LIMIT $3
) e ON true
ORDER BY wanted.id, e.n
"""


@dataclass(frozen=True, slots=True)
class StreamItem:
    """One event of a run on its way out; what is not stored has no number."""

    run_id: UUID
    n: int | None
    event: Streamed
    body: str
    """The event as JSON."""


@lru_cache(maxsize=200)
def _read(body: str) -> tuple[Streamed, str]:
    """An event and its JSON: read and written once, for all who follow the run."""
    event: Streamed = EVENT.validate_json(body)
    return event, event.model_dump_json()


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


def _kept(run_id: UUID) -> str:
    return f"{_channel(run_id)}:progress"


async def announce(redis: Redis, run_id: UUID) -> None:
    """Tells followers to look. A Redis that is away is not an error."""
    with suppress(RedisError, OSError):
        await redis.publish(_channel(run_id), "")


async def announce_progress(
    redis: Redis, run_id: UUID, progress: EvaluationProgress, *, after: int
) -> None:
    """Tells followers how far the work after event number `after` is, and keeps it for those who
    come later. A Redis that is away is not an error."""
    body = progress.model_dump_json()
    with suppress(RedisError, OSError):
        async with redis.pipeline(transaction=False) as both:
            both.publish(_channel(run_id), body)
            both.set(_kept(run_id), json.dumps([after, body]), ex=PROGRESS_SECONDS)
            await both.execute()


async def standings(reader: Reader, run_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Of every run. Raises NotFound, and Unavailable where the database is away."""
    rows = await reader.submit(Question(STANDING, (tuple(sorted(run_ids)),)))
    known = {
        row["id"]: Standing(row["task"], RunStatus(row["status"]), row["last_event"])
        for row in rows
    }
    if any(run_id not in known for run_id in run_ids):
        raise NotFound("There is no such run.")
    return known


async def follow(
    reader: Reader, wakeups: Wakeups, redis: Redis, after: Mapping[UUID, int]
) -> AsyncIterator[StreamItem]:
    """Every stored event of each run above its number in `after`, in the run's order, live progress
    in between and the last one before, once that it was cancelled, until the runs are over and all
    was read. What goes wrong
    with the database is waited out, for PATIENCE_SECONDS; then it is raised."""
    clock = asyncio.get_running_loop().time
    silent_since = None
    reading = dict(after)
    cancelling = set[UUID]()
    is_new = True
    with wakeups.listen(*map(_channel, reading)) as listener:
        while True:
            try:
                news = await _news(reader, reading)
            except Exception as error:
                silent_since = silent_since or clock()
                log.warning("followers wait", runs=len(reading), reason=type(error).__name__)
                if clock() - silent_since > PATIENCE_SECONDS:
                    raise
                await asyncio.sleep(LOOK_SECONDS)
                continue
            silent_since = None
            for run_id, (is_over, is_cancelled, events) in news.items():
                if is_cancelled and is_over and not is_new and run_id not in cancelling:
                    # It ended between two looks: still in the order in which it happened.
                    yield _cancelled(run_id)
                for n, body in events:
                    yield StreamItem(run_id, n, *_read(body))
                    reading[run_id] = n
            if any(len(events) == EVENTS_AT_ONCE for _, _, events in news.values()):
                continue
            for run_id, (is_over, is_cancelled, _) in news.items():
                if is_over:
                    del reading[run_id]
                elif is_cancelled and run_id not in cancelling:
                    cancelling.add(run_id)
                    yield _cancelled(run_id)
            if not reading:
                return
            if is_new:
                is_new = False
                for item in await _kept_progress(redis, reading):
                    yield item
            patience = HEARING_SECONDS if wakeups.is_hearing else LOOK_SECONDS
            for channel, message in await listener.wait(patience):
                run_id = UUID(channel.rpartition(":")[2])
                if message and run_id in reading:
                    event, body = _read(message.decode())
                    if isinstance(event, EvaluationProgress):
                        yield StreamItem(run_id, None, event, body)


def _cancelled(run_id: UUID) -> StreamItem:
    return StreamItem(run_id, None, *_read(CancelRequested().model_dump_json()))


async def _news(
    reader: Reader, reading: Mapping[UUID, int]
) -> dict[UUID, tuple[bool, bool, list[tuple[int, Any]]]]:
    """For each run whether it is over, whether it was cancelled, and its next events; one that is
    gone is over too."""
    wanted = sorted(reading)
    numbers = tuple(reading[run_id] for run_id in wanted)
    rows = await reader.submit(Question(NEWS, (tuple(wanted), numbers, EVENTS_AT_ONCE)))
    news = {}
    for run_id, own in groupby(rows, key=lambda row: row["id"]):
        mine = list(own)
        status = mine[0]["status"]
        events = [(row["n"], row["body"]) for row in mine if row["n"] is not None]
        is_over = status is None or RunStatus(status).over
        news[run_id] = (is_over, bool(mine[0]["cancel_requested"]), events)
    return news


async def _kept_progress(redis: Redis, reading: Mapping[UUID, int]) -> list[StreamItem]:
    """The last progress of each run, if it is about what comes after the last event read."""
    runs = list(reading)
    kept: list[bytes | None] = []
    with suppress(RedisError, OSError):
        kept = await redis.mget([_kept(run_id) for run_id in runs])
    items = []
    for run_id, stored in zip(runs, kept, strict=False):
        with suppress(ValueError, ValidationError):
            n, body = json.loads(stored or b"[-1, null]")
            if n == reading[run_id]:
                items.append(StreamItem(run_id, None, *_read(body)))
    return items
