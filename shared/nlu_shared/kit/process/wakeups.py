"""Hearing Redis: one subscription of a process, handed on to everybody who listens here.

What is heard is a hint. Without Redis nobody hears anything, and nobody may depend on it. What an
empty message announces is read once and handed on to all: would each look for itself, the last of a
thousand had to wake before anybody's look was on its way.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 1.0
LOOK_SECONDS = 5.0
HEARD_AT_MOST = 100
"""Messages a listener may be behind; then its oldest are forgotten."""


Read = Callable[[str], Awaitable[Any]]
"""What there is to know of a channel that has said nothing but that something is new."""
Word = Any
"""A message, what was read in the place of an empty one, or None: look for yourself."""


class Listener:
    """What its channels said since the last look."""

    def __init__(self, read: Read) -> None:
        self.read = read
        self._heard: asyncio.Queue[tuple[str, Word]] = asyncio.Queue(HEARD_AT_MOST)

    def hear(self, channel: str, message: Word) -> None:
        if self._heard.full():
            self._heard.get_nowait()
        self._heard.put_nowait((channel, message))

    async def wait(self, seconds: float) -> list[tuple[str, Word]]:
        """What was heard, by channel, as soon as anything was; empty when `seconds` are over."""
        heard: list[tuple[str, Word]] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                heard.append(await self._heard.get())
        while not self._heard.empty():
            heard.append(self._heard.get_nowait())
        return heard


class Wakeups:
    """Subscribes to `pattern` with its first listener, and again whenever Redis was away."""

    def __init__(self, redis: Redis, pattern: str) -> None:
        self._redis = redis
        self._pattern = pattern
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._hearing: asyncio.Task[None] | None = None
        self._readings: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self.is_hearing = False
        """Whether Redis would tell; where that ends, every listener is woken once."""

    @contextmanager
    def listen(self, *channels: str, read: Read) -> Iterator[Listener]:
        """`read` is any listener's: for one channel they read the same."""
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear(), name="wakeups")
        listener = Listener(read)
        for channel in channels:
            self._listeners[channel].add(listener)
        try:
            yield listener
        finally:
            for channel in channels:
                self._listeners[channel].discard(listener)
                if not self._listeners[channel]:
                    del self._listeners[channel]

    async def close(self) -> None:
        tasks = [*self._readings.values(), *([self._hearing] if self._hearing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _hear(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.psubscribe(self._pattern)
                    self.is_hearing = True
                    while True:
                        self._hand_on(
                            await pubsub.get_message(
                                ignore_subscribe_messages=True, timeout=LOOK_SECONDS
                            )
                        )
            except (RedisError, OSError) as away:
                log.warning("wakeups waits for redis", reason=type(away).__name__)
                self._deaf()
                await asyncio.sleep(AGAIN_SECONDS)

    def _deaf(self) -> None:
        self.is_hearing = False
        for channel, listeners in self._listeners.items():
            for listener in listeners:
                listener.hear(channel, None)

    def _hand_on(self, message: Any) -> None:
        if message is None:
            return
        channel = message["channel"].decode()
        if channel not in self._listeners:
            return
        if message["data"]:
            self._say(channel, message["data"])
        elif channel in self._readings:
            self._again.add(channel)
        else:
            reading = asyncio.create_task(self._read(channel), name=f"reading {channel}")
            self._readings[channel] = reading
            reading.add_done_callback(lambda _: self._readings.pop(channel))

    def _say(self, channel: str, word: Word) -> None:
        for listener in self._listeners.get(channel, ()):
            listener.hear(channel, word)

    async def _read(self, channel: str) -> None:
        """And again, where something was announced after the reading had begun."""
        while channel in self._listeners:
            self._again.discard(channel)
            (listener, *_) = self._listeners[channel]
            word = None
            with suppress(Exception):  # each looks for itself then, and knows what to do
                word = await listener.read(channel)
            self._say(channel, word)
            if channel not in self._again:
                return


@asynccontextmanager
async def open_wakeups(redis: Redis, pattern: str) -> AsyncIterator[Wakeups]:
    wakeups = Wakeups(redis, pattern)
    try:
        yield wakeups
    finally:
        await wakeups.close()
