"""Calls on their way: each is booked before it is sent and after it came to something.

How many fly at once, which one is sent next, and what stops them. What is remembered across runs,
and what follows where a provider does not answer, is the ledger's matter.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from math import ceil

from induction.engine.runtime import Call
from induction.llm.accounting import Account, Accounting, LedgerCommits
from induction.llm.errors import ParkRun, StopRun
from induction.llm.flights import Flight, Key, Model
from induction.task_kinds.base import BY_PROVIDER, ModelAnswer, Outcome

Look = Callable[[], Awaitable[None]]
"""Raises where no more calls are to be sent; those on their way are settled first."""
LOOK_SECONDS = 0.5
"""Between two looks while calls are on their way. A slow server takes an hour for a block."""
BOOKED_AHEAD = 0.5
"""Calls that are booked and wait for a slot, as a share of the slots: one that is free is taken at
once, and not after a commit. What is killed leaves so many more reservations without an answer."""
PARTING_SECONDS = 2.0
"""For the release of what was booked and not sent, when the worker stops."""


async def _never() -> None:
    return None


class Calls:
    """The calls of one run. `known` are its answers, by key, and `settled` how many of them have
    come since the run was loaded; `lost` those of the last sending that the provider kept back,
    which are not settled and can be sent again. An answer that is over budget names the limit."""

    def __init__(
        self,
        account: Account,
        commits: LedgerCommits,
        model: Model,
        *,
        look: Look = _never,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.accounting = Accounting(account, commits, model)
        self.model = model
        self.look, self.look_seconds = look, look_seconds
        self.looked = time.monotonic()
        self.known: dict[Key, ModelAnswer] = {}
        self.settled = 0
        self.lost: dict[Key, ModelAnswer] = {}

    async def send(self, calls: Mapping[Key, Call]) -> None:
        """Admits calls in request order; one that does not fit waits for earlier ones to settle,
        and is refused only when none is left to wait for. After the first one that the provider
        does not answer no other is sent. Raises what a call or a look raises, once every call on
        its way has been settled."""
        self.lost = {}
        await _Sending(self, calls).run()

    async def settle_unsent(self, key: Key, one: Call, answer: ModelAnswer) -> None:
        """Writes down an answer that nothing more is paid for."""
        await self.accounting.copy(key, one, answer)
        self.know(key, answer)

    def know(self, key: Key, answer: ModelAnswer) -> None:
        self.known[key] = answer
        self.settled += 1


class _Sending:
    """One sending, from its first reservation until nothing of it is on its way. A flight is booked
    with others in one commit, waits for a slot, is sent, gives the slot back, and is settled."""

    def __init__(self, calls: Calls, waiting: Mapping[Key, Call]) -> None:
        self._calls = calls
        self._accounting = calls.accounting
        self._waiting = deque(waiting.items())
        self._reserving: asyncio.Task[None] | None = None
        self._flying: dict[asyncio.Task[None], Flight] = {}
        self._recalled: list[Flight] = []
        self._failures: list[BaseException] = []
        self._is_halted = False
        self._is_month_full = False
        self._stirred = asyncio.Event()

    async def run(self) -> None:
        """As `Calls.send`."""
        try:
            await self._hear()
            while await self._goes_on():
                self._stirred.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._calls.look_seconds):
                        await self._stirred.wait()
                await self._hear()
            await self._accounting.release(self._recalled)
        except asyncio.CancelledError:
            await self._part()
            raise
        except Exception as error:  # noqa: BLE001 - what stopped the calls comes first
            self._failures.append(error)
        if self._failures:
            raise self._failures[0]

    async def _goes_on(self) -> bool:
        """Books what there is room for. False when nothing is left to wait for."""
        if self._is_halted:
            self._recall()
        elif self._reserving is None and not self._is_month_full:
            self._book()
        while not (self._reserving or self._flying or self._is_halted) and self._waiting:
            key, one = self._waiting.popleft()
            await self._calls.settle_unsent(key, one, self._accounting.over_budget())
            self._is_month_full = False
            self._book()
        return self._reserving is not None or bool(self._flying)

    def _book(self) -> None:
        """Admits the first calls that wait, as many as there are slots for and some ahead."""
        admitted: list[Flight] = []
        while self._waiting and self._has_room(self._waiting[0][1], len(admitted)):
            flight = self._accounting.admit(*self._waiting[0])
            if flight is None:
                break
            self._waiting.popleft()
            admitted.append(flight)
        if admitted:
            self._reserving = asyncio.create_task(self._booked(admitted))
            self._reserving.add_done_callback(self._end_reserving)

    def _has_room(self, one: Call, admitted: int) -> bool:
        slots = self._calls.model.slots(one.request.model)
        ahead = ceil(slots.size * BOOKED_AHEAD)
        flights = self._flying.values()
        if slots.locked():  # by other runs, perhaps
            return admitted + sum(not flight.is_sent for flight in flights) < ahead
        return admitted + sum(not flight.is_answered for flight in flights) < slots.size + ahead

    async def _booked(self, admitted: list[Flight]) -> None:
        granted = await self._accounting.reserve(admitted)
        for flight, may_go in zip(admitted, granted, strict=True):
            if may_go:
                task = asyncio.create_task(self._fly(flight))
                self._flying[task] = flight
                task.add_done_callback(self._land)
        refused = [one for one, may_go in zip(admitted, granted, strict=True) if not may_go]
        self._waiting.extendleft((one.key, one.call) for one in reversed(refused))
        self._is_month_full = bool(refused)

    async def _fly(self, flight: Flight) -> None:
        async with flight.slots:
            if self._is_halted:
                return
            flight.is_sent = True
            self._stirred.set()
            answer = await self._answer(flight)
        flight.is_answered = True
        self._stirred.set()
        if answer.outcome not in BY_PROVIDER:
            self._calls.know(flight.key, await self._accounting.settle(flight, answer))
        elif answer.ambiguous <= flight.repeated:
            await self._accounting.release([flight])

    async def _answer(self, flight: Flight) -> ModelAnswer:
        """Before its slot is free again, whatever must keep the next call from being sent is known.
        What was sent, not read and may be billed stays booked."""
        one = flight.call
        again = partial(self._accounting.reserve_again, flight)
        try:
            answer = await self._calls.model.complete(one.request, sample=one.sample, again=again)
        except (ParkRun, StopRun) as refusal:
            self._is_halted = True
            if refusal.ambiguous <= flight.repeated:
                await self._accounting.release([flight])
            raise
        except BaseException:
            self._is_halted = True
            raise
        if answer.outcome in BY_PROVIDER:
            self._calls.lost[flight.key] = answer
            self._is_halted |= answer.outcome is Outcome.UNAVAILABLE
        return answer

    def _end_reserving(self, reserving: asyncio.Task[None]) -> None:
        self._reserving = None
        self._fail_by(reserving)

    def _land(self, task: asyncio.Task[None]) -> None:
        flight = self._flying.pop(task)
        if not flight.is_sent:
            self._recalled.append(flight)
        self._is_month_full = False
        self._fail_by(task)

    def _fail_by(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)
            self._is_halted = True
        self._stirred.set()

    def _recall(self) -> None:
        for task, flight in self._flying.items():
            if not flight.is_sent:
                task.cancel()

    async def _hear(self) -> None:
        """Takes what the look raises for a failure, at most once in `look_seconds`."""
        calls = self._calls
        if self._is_halted or time.monotonic() - calls.looked < calls.look_seconds:
            return
        calls.looked = time.monotonic()
        try:
            await calls.look()
        except Exception as reason:  # noqa: BLE001 - raised when the calls on their way are settled
            self._failures.append(reason)
            self._is_halted = True

    async def _part(self) -> None:
        """Lets go of what is on its way. What was not sent is released, if that is soon done."""
        self._is_halted = True
        with suppress(Exception):
            async with asyncio.timeout(PARTING_SECONDS):
                for task in self._flying:
                    task.cancel()
                if self._reserving is not None:
                    await self._reserving
                await asyncio.gather(*self._flying, return_exceptions=True)
                await self._accounting.release(self._recalled)
