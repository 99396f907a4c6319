"""Runs as they happen: rows are the truth, Redis only says that there are new ones.

`announce` publishes a wake-up or an unstored progress event; `follow` reads rows after a number
and wakes early when it hears one, with the newest rows, which are read once for all followers of
the run. Without Redis a follower is a second late, never wrong. All followers of a process share
one connection to the database and one to Redis.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import groupby
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.kit.data.reader import Question, Reader
from nlu_shared.kit.errors import Invalid, NotFound
from nlu_shared.kit.process.wakeups import Wakeups
from nlu_shared.schemas.events import EVENT, EvaluationProgress, Streamed
from nlu_shared.schemas.runs import RunStatus
from nlu_shared.schemas.standing import CancelRequested, RunWaits
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
NEWEST = 5
"""Events that are handed to all followers when there are new ones; who lacks more reads."""
STANDING = "SELECT id, task, status, last_event FROM runs WHERE id = ANY($1::uuid[])"
# One statement, so that no status is newer than the events beside it.
NEWS = """
SELECT wanted.id, r.status, r.reason, r.cancel_requested, e.n, e.body
FROM unnest($1::uuid[], $2::bigint[]) AS wanted (id, after)
LEFT JOIN runs r ON r.id = wanted.id
LEFT JOIN LATERAL (
    SELECT n, body FROM run_events WHERE run_id = wanted.id AND n > wanted.after ORDER BY n LIMIT $3
) e ON true
ORDER BY wanted.id, e.n
"""
# As one statement too: what is newest when somebody has said that there is something new.
TAIL = """
SELECT r.id, r.status, r.reason, r.cancel_requested, e.n, e.body FROM runs r
LEFT JOIN LATERAL (
    SELECT n, body FROM run_events WHERE run_id = r.id AND n > r.last_event - $2 ORDER BY n
) e ON true
WHERE r.id = $1 ORDER BY e.n
"""


@dataclass(frozen=True, slots=True)
class News:
    """Of one run. One that is gone is over."""

    is_over: bool
    is_cancelled: bool
    waits: RunWaits | None
    events: Sequence[tuple[int, str]]
    """Numbers and bodies, without a gap."""

    def after(self, n: int) -> "News | None":
        """What follows on event `n`; None where something between is not here."""
        events = [one for one in self.events if one[0] > n]
        if events and events[0][0] > n + 1:
            return None
        return News(self.is_over, self.is_cancelled, self.waits, events)


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
class RunPosition:
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
    message = json.dumps([after, progress.model_dump_json()])
    with suppress(RedisError, OSError):
        async with redis.pipeline(transaction=False) as both:
            both.publish(_channel(run_id), message)
            both.set(_kept(run_id), message, ex=PROGRESS_SECONDS)
            await both.execute()


async def standings(reader: Reader, run_ids: Collection[UUID]) -> dict[UUID, RunPosition]:
    """Of every run. Raises NotFound, and Unavailable where the database is away."""
    rows = await reader.submit(Question(STANDING, (tuple(sorted(run_ids)),)))
    known = {
        row["id"]: RunPosition(row["task"], RunStatus(row["status"]), row["last_event"])
        for row in rows
    }
    if any(run_id not in known for run_id in run_ids):
        raise NotFound("There is no such run.")
    return known


async def follow(
    reader: Reader, wakeups: Wakeups, redis: Redis, after: Mapping[UUID, int]
) -> AsyncIterator[StreamItem]:
    """Every stored event of each run above its number in `after`, in the run's order, until the
    runs are over and all was read. Live progress comes in between, the last one before, once that a
    run was cancelled, and what one waits for. What goes wrong with the database is waited out, for
    PATIENCE_SECONDS; then it is raised."""
    clock = asyncio.get_running_loop().time
    position = _Position(dict(after))
    must_look = True
    with wakeups.listen(*map(_channel, after), read=partial(_tail, reader)) as listener:
        while True:
            if must_look:
                news = await _waited_for(reader, position.reading)
                looked = clock()
                for item in position.moved(news):
                    yield item
                if any(len(one.events) == EVENTS_AT_ONCE for one in news.values()):
                    continue
            if not position.reading:
                return
            if position.is_new:
                position.is_new = False
                kept = await _kept_progress(redis, list(position.reading))
                for run_id, message in kept.items():
                    for item in position.progressed(run_id, message):
                        yield item
            patience = HEARING_SECONDS if wakeups.is_hearing else LOOK_SECONDS
            heard = await listener.wait(max(0.0, looked + patience - clock()))
            must_look = not heard or clock() > looked + patience
            for channel, word in heard:
                run_id = UUID(channel.rpartition(":")[2])
                if run_id not in position.reading:
                    continue
                if isinstance(word, bytes):
                    for item in position.progressed(run_id, word):
                        yield item
                elif one := word and word.after(position.reading[run_id]):
                    for item in position.moved({run_id: one}):
                        yield item
                else:
                    must_look = True


@dataclass(slots=True)
class _Position:
    """How far a follower has read each run that goes on."""

    reading: dict[UUID, int]
    cancelling: set[UUID] = field(default_factory=set)
    waiting: dict[UUID, RunWaits | None] = field(default_factory=dict)
    is_new: bool = True
    _ahead: dict[UUID, bytes] = field(default_factory=dict)
    """Progress that was heard before the event it follows on was read."""

    def progressed(self, run_id: UUID, message: bytes) -> Iterator[StreamItem]:
        """Progress where it has its place: after the event it follows on, and before the next."""
        with suppress(ValueError, ValidationError):
            n, body = json.loads(message)
            event, body = _read(body)
            if n > self.reading[run_id]:
                self._ahead[run_id] = message
            elif n == self.reading[run_id] and isinstance(event, EvaluationProgress):
                yield StreamItem(run_id, None, event, body)

    def moved(self, news: Mapping[UUID, News]) -> Iterator[StreamItem]:
        """What is to be told of the news, which begin where this stands."""
        for run_id, one in news.items():
            if one.is_cancelled and one.is_over and not self.is_new:
                # It ended between two looks: still in the order in which it happened.
                yield from self._cancelled(run_id)
            for n, body in one.events:
                yield StreamItem(run_id, n, *_read(body))
                self.reading[run_id] = n
            if (message := self._ahead.pop(run_id, None)) is not None:
                yield from self.progressed(run_id, message)
        if any(len(one.events) == EVENTS_AT_ONCE for one in news.values()):
            return
        for run_id, one in news.items():
            if one.is_over:
                del self.reading[run_id]
            elif one.is_cancelled:
                yield from self._cancelled(run_id)
            elif one.waits != self.waiting.get(run_id):
                self.waiting[run_id] = one.waits
                if one.waits is not None:
                    yield StreamItem(run_id, None, one.waits, one.waits.model_dump_json())

    def _cancelled(self, run_id: UUID) -> Iterator[StreamItem]:
        """Once."""
        if run_id not in self.cancelling:
            self.cancelling.add(run_id)
            yield StreamItem(run_id, None, *_read(CancelRequested().model_dump_json()))


async def _waited_for(reader: Reader, reading: Mapping[UUID, int]) -> Mapping[UUID, News]:
    """As `_news`; where the database is away, once it is back."""
    clock = asyncio.get_running_loop().time
    began = clock()
    while True:
        try:
            return await _news(reader, reading)
        except Exception as error:
            log.warning("followers wait", runs=len(reading), reason=type(error).__name__)
            if clock() - began > PATIENCE_SECONDS:
                raise
            await asyncio.sleep(LOOK_SECONDS)


async def _news(reader: Reader, reading: Mapping[UUID, int]) -> dict[UUID, News]:
    """For each run its next events."""
    run_ids = sorted(reading)
    numbers = tuple(reading[run_id] for run_id in run_ids)
    rows = await reader.submit(Question(NEWS, (tuple(run_ids), numbers, EVENTS_AT_ONCE)))
    return {run_id: _news_in(list(own)) for run_id, own in groupby(rows, key=lambda row: row["id"])}


async def _tail(reader: Reader, channel: str) -> News:
    """The newest events of the run of that channel."""
    run_id = UUID(channel.rpartition(":")[2])
    return _news_in(await reader.submit(Question(TAIL, (run_id, NEWEST))))


def _news_in(rows: Sequence[Any]) -> News:
    """Of one run."""
    status, reason = (rows[0]["status"], rows[0]["reason"]) if rows else (None, None)
    return News(
        is_over=status is None or RunStatus(status).over,
        waits=RunWaits(status=status, reason=reason) if status and reason else None,
        is_cancelled=bool(rows and rows[0]["cancel_requested"]),
        events=[(row["n"], row["body"]) for row in rows if row["n"] is not None],
    )


async def _kept_progress(redis: Redis, runs: Collection[UUID]) -> dict[UUID, bytes]:
    """The last progress of each run, as it was announced."""
    kept: list[bytes | None] = []
    with suppress(RedisError, OSError):
        kept = await redis.mget([_kept(run_id) for run_id in runs])
    return {run_id: one for run_id, one in zip(runs, kept, strict=False) if one is not None}
