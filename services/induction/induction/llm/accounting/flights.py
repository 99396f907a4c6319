"""A call on its way, and whoever answers it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from induction.engine.runtime import Call
from induction.llm.accounting.batch_entries import Intended
from induction.llm.servers import Server
from induction.task_kinds.base import ModelAnswer, ModelRequest

Key = tuple[str, int]
"""Of a call: its request's, and its sample."""


class Slots(asyncio.Semaphore):
    """So many calls at once, `size`."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class Model(Protocol):
    """Whoever answers, by the models' names, and what is known of each. A call holds a slot of its
    provider while it is on its way; it is booked before it has one, and settled after."""

    def server(self, model: str) -> Server: ...

    def slots(self, model: str) -> Slots: ...

    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Callable[[Callable[[], Awaitable[None]], bool], Awaitable[bool]] = ...,
    ) -> ModelAnswer: ...


@dataclass(slots=True)
class Flight:
    """One admitted call.

    day: whose prices hold for all of it.
    bound: dollars it may cost at most; 0 where nothing is billed.
    slots: of its provider, one of which it holds while it is on its way.
    month: the one its last reservation stands in.
    repeated: reservations beyond the first, one for each attempt that may be billed too.
    intended: its place in the batch it goes with; None: it goes alone.
    """

    key: Key
    call: Call
    day: date
    bound: Decimal
    slots: Slots
    month: date | None = None
    repeated: int = 0
    is_sent: bool = False
    is_answered: bool = False
    intended: Intended | None = None


def fields_of(answer: ModelAnswer) -> dict[str, Any]:
    """What of an answer is written down."""
    return {
        "outcome": answer.outcome.value,
        "text": answer.text,
        "usage": None if answer.usage is None else json.dumps(asdict(answer.usage)),
    }
