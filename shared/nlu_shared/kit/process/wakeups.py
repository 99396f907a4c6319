"""Hearing Redis: one subscription of a process, handed on to everybody who listens here.

What is heard is a hint. Without Redis nobody hears anything, and nobody may depend on it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
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


class Listener:
    """What its channels said since the last look."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(HEARD_AT_MOST)

    def hear(self, channel: str, message: bytes) -> None:
        if self._heard.full():
            self._heard.get_nowait()
        self._heard.put_nowait((channel, message))

    async def wait(self, seconds: float) -> list[tuple[str, bytes]]:
        """What was heard, by channel, as soon as anything was; empty when `seconds` are over."""
        heard: list[tuple[str, bytes]] = []
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
        self.is_hearing = False
        """Whether Redis would tell; where that ends, every listener is woken once."""

    @contextmanager
    def listen(self, *channels: str) -> Iterator[Listener]:
        if self._hearing is None:
            self._hearing = asyncio.create_task(self._hear(), name="wakeups")
        listener = Listener()
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
        if self._hearing is not None:
            self._hearing.cancel()
            with suppress(asyncio.CancelledError):
                await self._hearing

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
                listener.hear(channel, b"")

    def _hand_on(self, message: Any) -> None:
        if message is None:
            return
        channel = message["channel"].decode()
        for listener in self._listeners.get(channel, ()):
            listener.hear(channel, message["data"])


@asynccontextmanager
async def open_wakeups(redis: Redis, pattern: str) -> AsyncIterator[Wakeups]:
    wakeups = Wakeups(redis, pattern)
    try:
        yield wakeups
    finally:
        await wakeups.close()
