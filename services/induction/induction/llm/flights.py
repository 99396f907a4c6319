"""A call on its way, and whoever answers it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from induction.engine.runtime import Call
from induction.llm.servers import Server
from induction.task_kinds.base import ModelAnswer, ModelRequest

Key = tuple[str, int]
"""Of a call: its request's, and its sample."""


class Model(Protocol):
    """Whoever answers, by the models' names, and what is known of each. A call holds a slot of its
    provider from before it is booked until it is settled: what only waits is not on its way."""

    def server(self, model: str) -> Server: ...

    def slots(self, model: str) -> asyncio.Semaphore: ...

    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Callable[[], Awaitable[bool]] = ...,
    ) -> ModelAnswer: ...


@dataclass(slots=True)
class Flight:
    """One admitted call: the day whose prices hold for all of it, its bound in dollars (0 where
    nothing is billed), its provider's slots, of which it holds one, and the month its last
    reservation stands in."""

    key: Key
    call: Call
    day: date
    bound: Decimal
    slots: asyncio.Semaphore
    month: date | None = None

    def done(self, _: asyncio.Task[None]) -> None:
        self.slots.release()


def fields_of(answer: ModelAnswer) -> dict[str, Any]:
    """What of an answer is written down."""
    return {
        "outcome": answer.outcome.value,
        "text": answer.text,
        "usage": None if answer.usage is None else json.dumps(asdict(answer.usage)),
    }
