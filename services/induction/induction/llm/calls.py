"""Calls on their way: each is booked before it is sent and after it came to something.

Who pays, how many fly at once, and what an answer costs. What is remembered across runs, and what
follows where a provider does not answer, is the ledger's matter.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.kit.data.db import Database, Identity
from nlu_shared.kit.data.group_commit import GroupCommit

from induction.engine.runtime import Call
from induction.llm import prices
from induction.llm.budget import Budget, dollars
from induction.llm.entries import (
    Copied,
    Granted,
    LeaseLost,
    LedgerEntry,
    Receipt,
    Release,
    Reserved,
    Settled,
    write,
)
from induction.llm.errors import ParkRun, StopRun
from induction.llm.flights import Flight, Key, Model, fields_of
from induction.llm.prices import PriceTable
from induction.task_kinds.base import BY_MODEL, BY_PROVIDER, ModelAnswer, Outcome

log = structlog.get_logger(__name__)
LedgerCommits = GroupCommit[LedgerEntry, Receipt]
Look = Callable[[], Awaitable[None]]
"""Raises where no more calls are to be sent; those on their way are settled first."""
LOOK_SECONDS = 0.5
"""Between two looks while calls are on their way. A slow server takes an hour for a block."""


async def _never() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose calls these are. Answers are shared with runs of an equal epoch that the same server
    answered; a canary, which asks the same again to see whether a model has changed, needs an epoch
    of its own.
    `prices` are those its calls are charged by, of the day on which each is sent. `outages` says
    how often this run was parked because the provider answered nothing, and `outage_pause` how many
    seconds it rests the next time."""

    run_id: UUID
    fence: int
    epoch: int
    calls_limit: int
    usd_limit: Decimal
    month_cap_usd: Decimal
    prices: PriceTable
    outages: int = 0
    outage_pause: float = 60.0


def open_ledger_commits(database: Database, identity: Identity) -> LedgerCommits:
    """The group commit all runs of this process write their entries through."""
    return GroupCommit(database, identity, write)


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
        self._account = account
        self._commits = commits
        self._model = model
        self._look, self._look_seconds = look, look_seconds
        self._looked = time.monotonic()
        self.budget = Budget(calls_limit=account.calls_limit, usd_limit=account.usd_limit)
        self.known: dict[Key, ModelAnswer] = {}
        self.settled = 0
        self.lost: dict[Key, ModelAnswer] = {}

    async def send(self, calls: Mapping[Key, Call]) -> None:
        """Admits calls in request order; one that does not fit waits for earlier ones to settle,
        and is refused only when none is left to wait for. After the first one that the provider
        does not answer no other is sent. Raises what a call or a look raises, once every call on
        its way has been settled."""
        self.lost = {}
        waiting = deque(calls.items())
        flying: set[asyncio.Task[None]] = set()
        failures = await self._reasons_to_stop()
        try:
            while (waiting and not failures and not self._unanswered) or flying:
                if not failures and not self._unanswered:
                    flying |= await self._launch(waiting, patient=not flying)
                if flying:
                    done, flying = await asyncio.wait(
                        flying, timeout=self._look_seconds, return_when=asyncio.FIRST_COMPLETED
                    )
                    failures += [error for task in done if (error := task.exception())]
                    if not failures:
                        failures += await self._reasons_to_stop()
                elif waiting:
                    key, one = waiting.popleft()
                    await self.settle_unsent(key, one, self._over_budget())
        finally:
            for task in flying:
                task.cancel()
        if failures:
            raise failures[0]

    def _over_budget(self) -> ModelAnswer:
        return ModelAnswer(Outcome.OVER_BUDGET, self.budget.limit_passed)

    @property
    def _unanswered(self) -> bool:
        return any(one.outcome is Outcome.UNAVAILABLE for one in self.lost.values())

    async def _reasons_to_stop(self) -> list[BaseException]:
        """What the look raises, at most once in `look_seconds`."""
        if time.monotonic() - self._looked < self._look_seconds:
            return []
        self._looked = time.monotonic()
        try:
            await self._look()
        except Exception as reason:  # noqa: BLE001 - raised when the calls on their way are settled
            return [reason]
        return []

    async def _launch(
        self, waiting: deque[tuple[Key, Call]], *, patient: bool
    ) -> set[asyncio.Task[None]]:
        """Sends the first calls of `waiting` that have a slot and fit into the run's and the
        month's budget; the others stay in `waiting`. A `patient` one waits for its first slot,
        which other runs may hold."""
        admitted: list[Flight] = []
        day = datetime.now(UTC).date()
        try:
            while waiting:
                key, one = waiting[0]
                slots = self._model.slots(one.request.model)
                if slots.locked() and (admitted or not patient):
                    break
                await self._enter(slots)
                bound = Decimal(0)
                if self._model.server(one.request.model).billed:
                    bound = prices.upper_bound(one.request, day, self._account.prices)
                if not self.budget.admit(bound):
                    slots.release()
                    break
                waiting.popleft()
                admitted.append(Flight(key, one, day, bound, slots))
            granted = await asyncio.gather(*(self._reserve(flight) for flight in admitted))
        except BaseException:
            for flight in admitted:
                flight.slots.release()
            raise
        launched = set()
        for flight, may_go in reversed(list(zip(admitted, granted, strict=True))):
            if not may_go:
                flight.slots.release()
                waiting.appendleft((flight.key, flight.call))
                continue
            task = asyncio.create_task(self._call(flight))
            task.add_done_callback(flight.done)
            launched.add(task)
        return launched

    async def _enter(self, slots: asyncio.Semaphore) -> None:
        """Takes a slot. Raises what the look raises meanwhile."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_seconds):
                    await slots.acquire()
                    return
            await self._look()

    async def _reserve(self, flight: Flight) -> bool:
        """Commits the reservation; False where the month's cap would be passed."""
        is_billed = self._model.server(flight.call.request.model).billed
        cap = self._account.month_cap_usd if is_billed else None
        names = self._names(flight.key, flight.call)
        receipt = await self._write(Reserved(**names, bound=flight.bound, month_cap=cap))
        if receipt.granted is not Granted.YES:
            self.budget.release(flight.bound)
            self.budget.limit_passed = f"the month's cap of {dollars(self._account.month_cap_usd)}"
            return False
        flight.month = receipt.month
        return True

    async def _call(self, flight: Flight) -> None:
        repeated = 0

        async def again() -> bool:
            """One more attempt may be billed too, so it needs a reservation of its own."""
            nonlocal repeated
            granted = self.budget.admit(flight.bound) and await self._reserve(flight)
            repeated += granted
            return granted

        one = flight.call
        try:
            answer = await self._model.complete(one.request, sample=one.sample, again=again)
        except (ParkRun, StopRun) as refusal:
            await self._leave(flight, unread=refusal.ambiguous > repeated)
            raise
        if answer.outcome in BY_PROVIDER:
            await self._leave(flight, unread=answer.ambiguous > repeated)
            self.lost[flight.key] = answer
            return
        if answer.outcome is Outcome.OVER_BUDGET:
            answer = replace(answer, text=self.budget.limit_passed)
        listed = Decimal(0)
        if answer.outcome in BY_MODEL:
            listed, answer = self._charged(flight, answer)
        # Attempts that brought nothing readable stay booked; each repeat reserved its own bound.
        cost = listed + (answer.ambiguous - repeated) * flight.bound
        if not self._model.server(one.request.model).billed:
            cost = Decimal(0)
        await self._write(
            Settled(
                **self._names(flight.key, one),
                **fields_of(answer),
                bound=flight.bound,
                cost=cost,
                notional=listed,
                month=flight.month,
            )
        )
        self.budget.settle(flight.bound, cost)
        self._know(flight.key, answer)

    def _charged(self, flight: Flight, answer: ModelAnswer) -> tuple[Decimal, ModelAnswer]:
        """What an answer costs by the list; its bound, and no usage, where it is not said."""
        request, table = flight.call.request, self._account.prices
        if not prices.is_known(request.model, flight.day, table):  # of a server that is not billed
            return Decimal(0), answer
        listed = prices.charge(request, answer.usage, flight.day, table)
        if listed is not None:
            return listed, answer
        log.warning("usage not said", run_id=str(self._account.run_id), model=request.model)
        return prices.upper_bound(request, flight.day, table), replace(answer, usage=None)

    async def _leave(self, flight: Flight, *, unread: bool) -> None:
        """Ends the last reservation of a call that stays open. What was sent and may be billed
        `unread` stays booked."""
        if unread:
            return
        self.budget.release(flight.bound)
        names = self._names(flight.key, flight.call)
        await self._write(Release(**names, bound=flight.bound, month=flight.month))

    async def settle_unsent(self, key: Key, one: Call, answer: ModelAnswer) -> None:
        """Writes down an answer that nothing more is paid for."""
        await self._write(Copied(**self._names(key, one), **fields_of(answer)))
        self._know(key, answer)

    def _know(self, key: Key, answer: ModelAnswer) -> None:
        self.known[key] = answer
        self.settled += 1

    async def _write(self, entry: LedgerEntry) -> Receipt:
        receipt = await self._commits.submit(entry)
        if receipt.granted is Granted.LEASE_LOST:
            raise LeaseLost
        return receipt

    def _names(self, key: Key, one: Call) -> dict[str, Any]:
        account, server = self._account, self._model.server(one.request.model)
        return {
            "run_id": account.run_id,
            "fence": account.fence,
            "key": key[0],
            "sample": one.sample,
            "purpose": one.purpose,
            "provider": server.identity,
            "model": one.request.model,
            "adapter": server.adapter,
            "epoch": account.epoch,
        }
