"""What one run writes into the ledger of its calls, and what it may still spend.

Everything here waits for its commit, which it shares with whatever else the process writes at that
moment. Which calls are sent, and when, is the matter of `calls`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from nlu_shared.kit.data.db import Database, Identity
from nlu_shared.kit.data.group_commit import GroupCommit

from induction.engine.limits import LIMITS, limit_of_minutes
from induction.engine.runtime import Call
from induction.llm import prices
from induction.llm.accounting.batch_entries import Intended
from induction.llm.accounting.budget import Budget, Promise
from induction.llm.accounting.entries import (
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
from induction.llm.accounting.flights import Flight, Key, Model, fields_of
from induction.llm.prices import PriceTable
from induction.task_kinds.base import BY_MODEL, ModelAnswer, Outcome

log = structlog.get_logger(__name__)
LedgerCommits = GroupCommit[LedgerEntry, Receipt]


@dataclass(frozen=True, slots=True)
class Account:
    """Whose calls these are. Answers are shared with runs of an equal epoch that the same server
    answered; a canary, which asks the same again to see whether a model has changed, needs an epoch
    of its own.
    `prices` are those its calls are charged by, of the day on which each is sent. `outages` says
    how often this run was parked because the provider answered nothing, and `outage_pause` how many
    seconds it rests the next time. No call is on its way past the `deadline`, of the event loop's
    clock, at which its `minutes` are used up; None: there is none."""

    run_id: UUID
    fence: int
    epoch: int
    calls_limit: int
    usd_limit: Decimal
    month_cap_usd: Decimal
    prices: PriceTable
    outages: int = 0
    outage_pause: float = 60.0
    deadline: float | None = None
    minutes: float = 0.0


def open_ledger_commits(database: Database, identity: Identity) -> LedgerCommits:
    """The group commit all runs of this process write their entries through."""
    return GroupCommit(database, identity, write)


class Accounting:
    """The entries of one run. Raises LeaseLost where another worker holds it."""

    def __init__(self, account: Account, commits: LedgerCommits, model: Model) -> None:
        self._account = account
        self._commits = commits
        self._model = model
        self.budget = Budget(account.calls_limit, account.usd_limit, account.month_cap_usd)

    def admit(self, key: Key, one: Call) -> Flight | None:
        """The call, if it fits into what the run may still spend; a reservation must follow."""
        day = datetime.now(UTC).date()
        bound = Decimal(0)
        if self._model.server(one.request.model).billed:
            bound = prices.upper_bound(one.request, day, self._account.prices)
        if not self.budget.admit(bound):
            return None
        return Flight(key, one, day, bound, self._model.slots(one.request.model))

    def admit_together(self, batch: UUID, calls: Mapping[Key, Call]) -> list[Flight]:
        """The first of these calls that fit at the price of a batch."""
        day, table = datetime.now(UTC).date(), self._account.prices
        flights: list[Flight] = []
        for key, one in calls.items():
            model = one.request.model
            listed = Decimal(0)
            if prices.is_known(model, day, table):
                listed = prices.upper_bound(one.request, day, table, in_batch=True)
            bound = listed if self._model.server(model).billed else Decimal(0)
            if not self.budget.admit(bound):
                break
            intended = Intended(batch, len(flights), listed, day)
            slots = self._model.slots(model)
            flights.append(Flight(key, one, day, bound, slots, intended=intended))
        return flights

    async def reserve(self, flights: Sequence[Flight]) -> list[bool]:
        """Commits these reservations, all in one; False for each that the month's cap refuses."""
        receipts = await self.write([self._reservation(flight) for flight in flights])
        granted = [receipt.granted is Granted.YES for receipt in receipts]
        for flight, receipt, may_go in zip(flights, receipts, granted, strict=True):
            if may_go:
                flight.month = receipt.month
            else:
                self.budget.release(flight.bound)
                self.budget.limit_passed = Promise.MONTH
        return granted

    async def reserve_again(self, flight: Flight) -> bool:
        """One more attempt may be billed too, so it needs a reservation of its own."""
        if not self.budget.admit(flight.bound):
            return False
        (granted,) = await self.reserve([flight])
        flight.repeated += granted
        return granted

    async def settle(self, flight: Flight, answer: ModelAnswer) -> ModelAnswer:
        """Commits what the call came to. The answer as it is remembered."""
        if answer.outcome in LIMITS:
            answer = self.refused(answer.outcome, answer)
        listed = Decimal(0)
        if answer.outcome in BY_MODEL:
            listed, answer = self._charged(flight, answer)
        # Attempts that brought nothing readable stay booked; each repeat reserved its own bound.
        cost = listed + (answer.ambiguous - flight.repeated) * flight.bound
        if not self._model.server(flight.call.request.model).billed:
            cost = Decimal(0)
        names = self._names(flight.key, flight.call)
        entry = Settled(
            **names,
            **fields_of(answer),
            bound=flight.bound,
            cost=cost,
            notional=listed,
            month=flight.month,
            refused=self._beyond_month(flight.call, answer),
        )
        await self.write([entry])
        self.budget.settle(flight.bound, cost)
        return answer

    async def release(self, flights: Sequence[Flight]) -> None:
        """Ends the last reservations of calls that were not billed and stay open."""
        for flight in flights:
            self.budget.release(flight.bound)
        if flights:
            await self.write(
                [
                    Release(**self._names(one.key, one.call), bound=one.bound, month=one.month)
                    for one in flights
                ]
            )

    async def copy(self, key: Key, one: Call, answer: ModelAnswer) -> None:
        """Commits an answer that nothing more is paid for."""
        refused = self._beyond_month(one, answer)
        await self.write([Copied(**self._names(key, one), **fields_of(answer), refused=refused)])

    def refused(self, outcome: Outcome, answer: ModelAnswer | None = None) -> ModelAnswer:
        """The answer with the limit that kept the call from being sent, or sent again: that which
        the last refused call would have passed, or the minutes."""
        is_late = outcome is Outcome.OUT_OF_TIME
        limit = limit_of_minutes(self._account.minutes) if is_late else self.budget.limit_in_words
        return replace(answer or ModelAnswer(outcome), text=limit)

    def _beyond_month(self, one: Call, answer: ModelAnswer) -> Decimal | None:
        """What would have been reserved, where the month's cap had no room for it; `answer` is the
        newest that was refused, if it is one."""
        is_refused = answer.outcome is Outcome.OVER_BUDGET
        if not is_refused or self.budget.limit_passed is not Promise.MONTH:
            return None
        return prices.upper_bound(one.request, datetime.now(UTC).date(), self._account.prices)

    def _reservation(self, flight: Flight) -> Reserved:
        is_billed = self._model.server(flight.call.request.model).billed
        cap = self._account.month_cap_usd if is_billed else None
        names = self._names(flight.key, flight.call)
        return Reserved(**names, bound=flight.bound, month_cap=cap, intended=flight.intended)

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

    async def write(self, entries: Sequence[LedgerEntry]) -> Sequence[Receipt]:
        """Commits these, all in one."""
        receipts = await self._commits.submit_all(entries)
        if any(receipt.granted is Granted.LEASE_LOST for receipt in receipts):
            raise LeaseLost
        return receipts

    def _names(self, key: Key, one: Call) -> dict[str, Any]:
        return self.names(key, purpose=one.purpose, model=one.request.model)

    def names(self, key: Key, *, purpose: str, model: str) -> dict[str, Any]:
        """What every entry of a call begins with."""
        account, server = self._account, self._model.server(model)
        return {
            "run_id": account.run_id,
            "fence": account.fence,
            "key": key[0],
            "sample": key[1],
            "purpose": purpose,
            "provider": server.identity,
            "model": model,
            "adapter": server.adapter,
            "epoch": account.epoch,
        }
