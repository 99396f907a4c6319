"""The pace of each model, shared by all workers through Redis.

Each worker follows the same rule at once by itself and tells Redis in the background, by Redis'
clock; what Redis then holds counts. While Redis is away each worker keeps the pace that it has, and
its own answers move it: nobody waits for Redis, and nobody is faster without it than a single
worker would be.
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from induction.llm.accounting.flights import Slots
from induction.llm.adapters.pace import Pace

LOOK_SECONDS = 1.0
"""How late a worker that sends calls hears of another one's refusal, at most."""
AWAY_SECONDS = 5.0
"""Between two tries to reach a Redis that is away."""
KEPT_SECONDS = 600
TRIES = 10
"""Of a write that another worker's came before."""
KEY = "induction:pace:{}"
Move = Callable[[Pace, float], Pace]


class SharedPace:
    """Of one model of one provider."""

    def __init__(self, redis: Redis, name: str) -> None:
        self._redis, self._key = redis, KEY.format(name)
        self._pace = Pace()
        self._moves: list[Move] = []
        self._looks_at = 0.0
        self._telling: asyncio.Task[None] | None = None
        self._is_known = False

    def refused(self, rest: float) -> None:
        """The provider asks for less, and for so many seconds of patience."""
        self._move(lambda pace, now: pace.refused(now, rest))
        self._looks_at = min(self._looks_at, time.monotonic())
        self.look()

    def answered(self) -> None:
        """The model has answered."""
        if self._pace.share < 1 and not self._moves:
            self._move(Pace.answered)

    def calls(self, slots: int) -> int:
        """As `Pace.calls`, now."""
        return self._pace.calls(slots)

    @property
    def rest(self) -> float:
        """As `Pace.rest`, now."""
        return self._pace.rest(time.monotonic())

    def look(self) -> None:
        """Asks for what other workers have met, if that is not known newly; waits for nothing."""
        if self._telling is None and time.monotonic() >= self._looks_at:
            self._telling = asyncio.create_task(self._tell(), name=self._key)
            self._telling.add_done_callback(self._exchange_ended)

    async def known(self) -> None:
        """Returns after the first look, whatever came of it: who begins is told first."""
        self.look()
        if self._telling is not None and not self._is_known:
            await asyncio.wait({self._telling})

    async def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            with suppress(asyncio.CancelledError):
                await self._telling

    def _move(self, move: Move) -> None:
        self._pace = move(self._pace, time.monotonic())
        self._moves.append(move)

    def _exchange_ended(self, telling: asyncio.Task[None]) -> None:
        self._telling, self._is_known = None, True
        if self._moves:
            self.look()

    async def _tell(self) -> None:
        moves, self._moves = self._moves, []
        self._looks_at = time.monotonic() + LOOK_SECONDS
        try:
            self._pace = await self._exchanged(moves)
        except (RedisError, OSError):
            self._looks_at = time.monotonic() + AWAY_SECONDS

    async def _exchanged(self, moves: list[Move]) -> Pace:
        """The shared pace after these moves, by this process's clock."""
        async with self._redis.pipeline(transaction=True) as shared:
            for _ in range(TRIES):
                await shared.watch(self._key)
                seconds, microseconds = await shared.time()
                now = seconds + microseconds / 1e6
                ahead = time.monotonic() - now
                stored = _pace(await shared.get(self._key)) or self._pace.shifted(-ahead)
                moved = stored
                for move in moves:
                    moved = move(moved, now)
                if not moves:
                    return moved.shifted(ahead)
                shared.multi()  # type: ignore[no-untyped-call]
                shared.set(self._key, json.dumps(astuple(moved)), ex=KEPT_SECONDS)
                with suppress(WatchError):
                    await shared.execute()
                    return moved.shifted(ahead)
        return self._pace


def _pace(stored: Any) -> Pace | None:
    """None where nothing is stored, or nothing that we have written."""
    try:
        share, moved, not_before = json.loads(stored)
        return Pace(min(1.0, max(0.0, float(share))), float(moved), float(not_before))
    except (ValueError, TypeError):
        return None


class PacedSlots(Slots):
    """The slots of a provider, as its calls to one of its models may use them."""

    def __init__(self, slots: Slots, pace: SharedPace) -> None:
        super().__init__(slots.size)
        self._slots, self.pace = slots, pace
        self._line = asyncio.Lock()
        self._left = asyncio.Event()
        self._taken = 0

    def locked(self) -> bool:
        return self._slots.locked() or not self._may()

    async def acquire(self) -> Any:
        """Who came first is let in first."""
        async with self._line:
            await self.pace.known()
            while not self._may():
                self._left.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.pace.rest or LOOK_SECONDS):
                        await self._left.wait()
                self.pace.look()
            self._taken += 1
        try:
            return await self._slots.acquire()
        except BaseException:
            self._leave()
            raise

    def release(self) -> None:
        self._leave()
        self._slots.release()

    def _may(self) -> bool:
        return not self.pace.rest and self._taken < self.pace.calls(self.size)

    def _leave(self) -> None:
        self._taken -= 1
        self._left.set()


class Paces:
    """Of this process."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._paces: dict[str, SharedPace] = {}

    def of(self, name: str) -> SharedPace:
        """The pace of a model: `name` says where it is asked and what it is called there."""
        if name not in self._paces:
            self._paces[name] = SharedPace(self._redis, name)
        return self._paces[name]

    async def close(self) -> None:
        for pace in self._paces.values():
            await pace.close()
