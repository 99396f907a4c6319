"""A call on its way, and whoever answers it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any, Protocol

from induction.engine.runtime import Call
from induction.llm.accounting.batch_entries import Intended
from induction.llm.servers import Server
from induction.task_kinds.base import ModelAnswer, ModelRequest

Key = tuple[str, int]
"""Of a call: its request's, and its sample."""
BOOKED_AHEAD = 0.5
"""Calls that are booked and wait for a slot, as a share of the slots: one that is free is taken at
once, and not after a commit. What is killed leaves so many more reservations without an answer."""


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


def has_room(slots: Slots, flights: Collection[Flight], admitted: int) -> bool:
    """Whether one more call may be booked.

    slots: those of its provider.
    flights: of the run, that are booked or on their way.
    admitted: calls that are about to be booked.
    """
    ahead = ceil(slots.size * BOOKED_AHEAD)
    if slots.locked():  # by other runs, perhaps
        return admitted + sum(not flight.is_sent for flight in flights) < ahead
    return admitted + sum(not flight.is_answered for flight in flights) < slots.size + ahead


def fields_of(answer: ModelAnswer) -> dict[str, Any]:
    """What of an answer is written down."""
    return {
        "outcome": answer.outcome.value,
        "text": answer.text,
        "usage": None if answer.usage is None else json.dumps(asdict(answer.usage)),
    }
