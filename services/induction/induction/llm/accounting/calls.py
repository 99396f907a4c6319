"""Calls on their way: each is booked before it is sent and after it came to something.

How many fly at once, which one is sent next, and what stops them. What is remembered across runs,
and what follows where a provider does not answer, is the ledger's matter.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from functools import partial

from induction.engine.runtime import Call
from induction.llm.accounting.accounting import Account, Accounting, LedgerCommits
from induction.llm.accounting.flights import Flight, Key, Model, has_room
from induction.llm.accounting.time_limit import TimeLimit
from induction.llm.errors import ParkRun, StopRun
from induction.task_kinds.base import BY_PROVIDER, ModelAnswer, Outcome

Look = Callable[[], Awaitable[None]]
"""Raises where no more calls are to be sent; those on their way are settled first."""
LOOK_SECONDS = 0.5
"""Between two looks while calls are on their way. A slow server takes an hour for a block."""
PARTING_SECONDS = 2.0
"""For the release of what was booked and not sent, when the worker stops."""


async def _never() -> None:
    return None


class Calls:
    """The calls of one run. `known` are its answers, by key, and `settled` how many of them have
    come since the run was loaded. An answer that is over budget names the limit.

    A flight is booked with others in one commit, waits for a slot, is sent, gives the slot back,
    and is settled. Flights outlast the sending that they began in: what is asked next is on its way
    before the last answer to what was asked before has come.
    """

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
        self.time = TimeLimit(account.deadline)
        self.known: dict[Key, ModelAnswer] = {}
        self.settled = 0
        self._model = model
        self._look, self._look_seconds = look, look_seconds
        self._looked = time.monotonic()
        self._expected: Mapping[Key, Call] = {}
        self._waiting: deque[tuple[Key, Call]] = deque()
        self._ahead: deque[tuple[Key, Call]] = deque()
        self._admitted: set[Key] = set()
        self._reserving: asyncio.Task[None] | None = None
        self._flying: dict[asyncio.Task[None], Flight] = {}
        self._lost: dict[Key, ModelAnswer] = {}
        self._recalled: list[Flight] = []
        self._failures: list[BaseException] = []
        self._is_halted = False
        self._is_month_full = self._is_late = False
        self._stirred = asyncio.Event()
        self._called_off = asyncio.Event()

    async def send(self, calls: Mapping[Key, Call]) -> dict[Key, ModelAnswer]:
        """Brings calls to an answer each; those that the provider kept back are returned, are not
        settled, and can be sent again.

        Admits calls in request order; one that does not fit waits for earlier ones to settle, and
        is refused only when none is left to wait for. After the first one that the provider does
        not answer no other is sent. Raises what a call or a look raises, once every call on its way
        has been settled.
        """
        if self._is_halted:  # by a call that nobody has asked for yet
            await self._drive()
            self._is_halted = False
        self._want(calls)
        await self._drive()
        return {key: self._lost.pop(key) for key in calls if key in self._lost}

    def expect(self, calls: Mapping[Key, Call]) -> None:
        """These are asked next: as soon as there is room they are on their way, while the calls
        before them are driven."""
        self._ahead = deque((key, one) for key, one in calls.items() if self._is_new(key))
        self._stirred.set()

    async def land(self) -> None:
        """Sends no more, and settles what is on its way, whatever it meets."""
        self._is_halted = True
        self._called_off.set()
        with suppress(Exception):
            await self._drive()

    async def part(self) -> None:
        """Lets go of what is on its way. What was not sent is released, if that is soon done."""
        self._is_halted = True
        with suppress(Exception):
            async with asyncio.timeout(PARTING_SECONDS):
                for task in self._flying:
                    task.cancel()
                if self._reserving is not None:
                    await self._reserving
                await asyncio.gather(*self._flying, return_exceptions=True)
                await self._release_recalled()

    async def settle_unsent(self, key: Key, one: Call, answer: ModelAnswer) -> None:
        """Writes down an answer that nothing more is paid for."""
        await self.accounting.copy(key, one, answer)
        self._know(key, answer)

    def _know(self, key: Key, answer: ModelAnswer) -> None:
        self.known[key] = answer
        self.settled += 1

    def _is_new(self, key: Key) -> bool:
        return not (key in self.known or key in self._admitted or key in self._lost)

    def _want(self, calls: Mapping[Key, Call]) -> None:
        """What was expected and is not among them is not sent any more."""
        self._expected = calls
        self._waiting = deque((key, one) for key, one in calls.items() if self._is_new(key))
        self._ahead.clear()
        self._is_month_full = self._is_late = False
        self._recall(but=calls)

    async def _drive(self) -> None:
        """Until what is wanted has come, or nothing is on its way after a halt."""
        try:
            await self._look_in_time()
            while await self._goes_on():
                self._stirred.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._look_seconds):
                        await self._stirred.wait()
                await self._look_in_time()
            await self._release_recalled()
        except asyncio.CancelledError:
            await self.part()
            raise
        except Exception as error:  # noqa: BLE001 - what stopped the calls comes first
            self._failures.append(error)
            self._is_halted = True
        failures, self._failures = self._failures, []
        if failures:
            raise failures[0]

    async def _goes_on(self) -> bool:
        """Books what there is room for. False when nothing is left to wait for."""
        if self._is_halted:
            self._recall()
            return self._reserving is not None or bool(self._flying)
        await self._release_recalled()
        first = next(iter(self._expected.values()), None)
        if self._is_late or (first is not None and self.time.is_over(first.purpose)):
            return await self._ends_in_time()
        if self._reserving is None and not self._is_month_full:
            self._book()
        while not (self._reserving or self._flying or self._is_halted) and self._waiting:
            key, one = self._waiting.popleft()
            await self.settle_unsent(key, one, self.accounting.refused(Outcome.OVER_BUDGET))
            self._is_month_full = False
            self._book()
        return bool(self._waiting) or not self._admitted.isdisjoint(self._expected)

    async def _ends_in_time(self) -> bool:
        """Sends no more, and refuses what is wanted once nothing is on its way; false then."""
        self._is_late = True
        self._recall()
        if self._reserving or self._flying:
            return True
        late = self.accounting.refused(Outcome.OUT_OF_TIME)
        left = {key: one for key, one in self._expected.items() if self._is_new(key)}
        await asyncio.gather(*(self.settle_unsent(key, one, late) for key, one in left.items()))
        return False

    def _book(self) -> None:
        """Admits the first calls that wait, as many as there are slots for and some ahead."""
        admitted: list[Flight] = []
        for queue in (self._waiting, self._ahead):
            while queue and self._has_room(queue[0][1], len(admitted)):
                flight = self.accounting.admit(*queue[0])
                if flight is None:
                    break
                queue.popleft()
                admitted.append(flight)
            if queue:
                break
        if admitted:
            self._admitted |= {flight.key for flight in admitted}
            self._reserving = asyncio.create_task(self._booked(admitted))
            self._reserving.add_done_callback(self._end_reserving)

    def _has_room(self, one: Call, admitted: int) -> bool:
        return has_room(self._model.slots(one.request.model), self._flying.values(), admitted)

    async def _booked(self, admitted: list[Flight]) -> None:
        granted = await self.accounting.reserve(admitted)
        refused: list[tuple[Key, Call]] = []
        for flight, may_go in zip(admitted, granted, strict=True):
            if may_go:
                task = asyncio.create_task(self._fly(flight))
                self._flying[task] = flight
                task.add_done_callback(self._land)
                continue
            self._admitted.discard(flight.key)
            if flight.key in self._expected:
                refused.append((flight.key, flight.call))
            self._is_month_full = True
        self._waiting.extendleft(reversed(refused))

    async def _fly(self, flight: Flight) -> None:
        async with flight.slots:
            self._is_late |= self.time.is_over(flight.call.purpose)
            if self._is_halted or self._is_late:
                return
            flight.is_sent = True
            self._stirred.set()
            answer = await self._answer(flight)
        flight.is_answered = True
        self._stirred.set()
        if answer.outcome not in BY_PROVIDER:
            self._know(flight.key, await self.accounting.settle(flight, answer))
        elif answer.ambiguous <= flight.repeated:
            await self.accounting.release([flight])

    async def _answer(self, flight: Flight) -> ModelAnswer:
        """Before its slot is free again, whatever must keep the next call from being sent is known.
        What was sent, not read and may be billed stays booked."""
        one = flight.call
        again = partial(self._again, flight)
        try:
            answer = await self.time.answered(
                flight, self._model.complete(one.request, sample=one.sample, again=again)
            )
        except (ParkRun, StopRun) as refusal:
            self._is_halted = True
            if refusal.ambiguous <= flight.repeated:
                await self.accounting.release([flight])
            raise
        except BaseException:
            self._is_halted = True
            raise
        if answer.outcome in BY_PROVIDER:
            self._lost[flight.key] = answer
            self._is_halted |= answer.outcome is Outcome.UNAVAILABLE
        return answer

    async def _again(
        self, flight: Flight, rest: Callable[[], Awaitable[None]], may_be_billed: bool
    ) -> bool:
        """After the rest, where one more attempt may be paid for. Raises CalledOff once a look has
        found that no more calls are wanted, or the worker is told to stop, and OutOfTime."""
        await self.time.rest(rest, self._called_off, flight.call.purpose)
        return not may_be_billed or await self.accounting.reserve_again(flight)

    def _end_reserving(self, reserving: asyncio.Task[None]) -> None:
        self._reserving = None
        self._fail_by(reserving)

    def _land(self, task: asyncio.Task[None]) -> None:
        flight = self._flying.pop(task)
        self._admitted.discard(flight.key)
        if not flight.is_sent:
            self._recalled.append(flight)
        self._is_month_full = False
        self._fail_by(task)

    def _fail_by(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)
            self._is_halted = True
        self._stirred.set()

    def _recall(self, but: Collection[Key] = ()) -> None:
        for task, flight in self._flying.items():
            if not flight.is_sent and flight.key not in but:
                task.cancel()

    async def _release_recalled(self) -> None:
        recalled, self._recalled = self._recalled, []
        await self.accounting.release(recalled)

    async def _look_in_time(self) -> None:
        """Takes what the look raises for a failure, at most once in `look_seconds`."""
        if self._is_halted or time.monotonic() - self._looked < self._look_seconds:
            return
        self._looked = time.monotonic()
        try:
            await self._look()
        except Exception as reason:  # noqa: BLE001 - raised when the calls on their way are settled
            self._failures.append(reason)
            self._is_halted = True
            self._called_off.set()
