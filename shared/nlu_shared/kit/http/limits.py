"""How much one caller may ask of one process, so that none can crowd the others out.

Counted in this process and nowhere else: it costs a microsecond, and no server that could be away.
N processes together admit N times as much; a quota across all of them is a gateway's affair.
"""

import asyncio
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv6Interface

from nlu_shared.kit.errors import TooMany, Unavailable
from nlu_shared.kit.settings import ServiceSettings

MINUTE = 60.0
ROUNDING = 1e-6
"""Seconds that sums of floats may be off."""
PACE_SECONDS = 0.5
"""How long an anonymous answer waits once their address has asked too much."""
MOST_KNOWN = 10_000
"""Callers remembered by one rate limiter; past it those who wait for nothing are forgotten."""


@dataclass(slots=True)
class RateLimiter:
    """So many a minute for each caller, all at once or evenly; 0 means as many as they like.

    The generic cell rate algorithm (ITU-T I.371): of each caller one number is kept, the moment
    at which everything admitted so far would have been due at an even pace.
    """

    per_minute: int
    _due: dict[str, float] = field(default_factory=dict)

    def wait(self, who: str, now: float) -> float:
        """Seconds until one more would be admitted; 0: now."""
        if not self.per_minute:
            return 0.0
        ahead = max(self._due.get(who, now) - now, 0.0) + MINUTE / self.per_minute
        return ahead - MINUTE if ahead - MINUTE > ROUNDING else 0.0

    def take(self, who: str, now: float) -> float:
        """Counts one more if it is admitted; else, as `wait`, how long it is too early."""
        early = self.wait(who, now)
        if not early and self.per_minute:
            if len(self._due) >= MOST_KNOWN and who not in self._due:
                self._forget(now)
            self._due[who] = max(self._due.get(who, now), now) + MINUTE / self.per_minute
        return early

    def refusal(self, early: float) -> TooMany:
        """The error for one who is `early` seconds too early."""
        return TooMany(retry_after=math.ceil(early), per_minute=self.per_minute)

    def _forget(self, now: float) -> None:
        """Drops who stands where an unknown one would; everybody, where nobody does."""
        self._due = {who: due for who, due in self._due.items() if due > now}
        if len(self._due) >= MOST_KNOWN:
            self._due.clear()


@dataclass(slots=True)
class Room:
    """Bytes that may be held at once: `most` in all, and half of them for one address."""

    most: int
    _taken: Counter[str] = field(default_factory=Counter)
    _in_all: int = 0

    def take(self, address: str, size: int) -> None:
        """Raises Unavailable, and takes nothing, where there is no room."""
        if self._in_all + size > self.most or self._taken[address] + size > self.most // 2:
            raise Unavailable("Too much is being read at once.", retry_after=1)
        self._in_all += size
        self._taken[address] += size

    def give(self, address: str, taken: int) -> None:
        self._in_all -= taken
        self._taken[address] -= taken
        if not self._taken[address]:
            del self._taken[address]


class RateLimits:
    """The rate limits of a process: reads and writes by caller, the anonymous by address."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._reads = RateLimiter(settings.reads_per_minute)
        self._writes = RateLimiter(settings.writes_per_minute)
        self._anonymous = RateLimiter(settings.anonymous_per_minute)
        self._answers = RateLimiter(settings.anonymous_per_minute)
        self.lookups = asyncio.Semaphore(1)
        """Held while a key is looked up for somebody who is not turned away for their address."""

    def admit(self, subject: str, method: str) -> None:
        """Counts a proven caller's request; raises TooMany."""
        limiter = self._reads if method in {"GET", "HEAD"} else self._writes
        if early := limiter.take(subject, time.monotonic()):
            raise limiter.refusal(early)

    def admit_anonymous(self, address: str) -> None:
        """Raises TooMany for an address whose attempts failed too often."""
        if early := self._anonymous.wait(_network(address), time.monotonic()):
            raise self._anonymous.refusal(early)

    def count_failure(self, address: str) -> None:
        self._anonymous.take(_network(address), time.monotonic())

    async def pace(self, address: str) -> None:
        """Lets an anonymous answer wait where its address has had its share of them.

        Who sends the next request after an answer then takes next to nothing from the callers,
        and who comes rarely, a probe or a scraper, is a little late and never refused.
        """
        if self._answers.take(_network(address), time.monotonic()):
            await asyncio.sleep(PACE_SECONDS)


def _network(address: str) -> str:
    """The address, or of IPv6 the network: who has one address there has 2 to the 64."""
    return address if ":" not in address else str(IPv6Interface((address, 64)).network)
