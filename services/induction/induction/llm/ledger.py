"""The call ledger: every answer is a row before it is used, so that no settled call is paid twice.

A call is reserved (committed) before it is sent and settled after it. A worker that dies in
between leaves a reservation without an answer: the call is asked again, and since nobody knows
whether the first was billed, its estimate stays booked. All writes are refused (`LeaseLost`) once
another worker holds the run.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from nlu_shared.kit.db import Database, Identity, session_scope
from nlu_shared.kit.group_commit import GroupCommit
from sqlalchemy import text

from induction.engine.runtime import Call
from induction.llm import prices
from induction.llm.bookings import (
    Booking,
    Copied,
    GivenBack,
    Granted,
    LeaseLost,
    Reserved,
    Settled,
    write,
)
from induction.llm.errors import ParkRun, StopRun
from induction.llm.purse import Purse
from induction.tasks.base import ModelAnswer, ModelRequest, Outcome, Usage

Key = tuple[str, int]
Books = GroupCommit[Booking, Granted]


class Model(Protocol):
    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Callable[[], Awaitable[bool]] = ...,
    ) -> ModelAnswer: ...


@dataclass(frozen=True, slots=True)
class Account:
    """Whose calls these are. Answers are shared with runs of equal provider, adapter and epoch."""

    run_id: UUID
    fence: int
    provider: str
    adapter: str
    epoch: int
    calls_limit: int
    usd_limit: Decimal
    month_cap_usd: Decimal

    @property
    def is_billed(self) -> bool:
        return self.provider != "offline"


def open_books(database: Database, identity: Identity) -> Books:
    """The group commit all runs of this process write their bookings through."""
    return GroupCommit(database, identity, write)


class Ledger:
    """Answers the engine's calls for one run: from its own rows, from other runs', or by asking."""

    def __init__(self, account: Account, books: Books, model: Model, *, concurrency: int) -> None:
        self._account = account
        self._books = books
        self._complete = model.complete
        self._concurrency = concurrency
        self._known: dict[Key, ModelAnswer] = {}
        self._purse = Purse(calls_limit=account.calls_limit, usd_limit=account.usd_limit)
        self._database: Database | None = None
        self._identity: Identity | None = None

    async def load(self, database: Database, identity: Identity) -> None:
        """Reads what this run has already asked; must come before the first `complete`."""
        self._database, self._identity = database, identity
        async with session_scope(database, identity) as session:
            rows = await session.execute(
                text(
                    "SELECT key, sample, outcome, text, usage, attempts, cached,"
                    " coalesce(cost_usd, reserved_usd) AS booked"
                    " FROM llm_calls WHERE run_id = :run_id"
                ),
                {"run_id": self._account.run_id},
            )
            for row in rows:
                self._purse.calls += row.attempts
                self._purse.usd += row.booked
                if row.outcome is not None:
                    self._known[row.key, row.sample] = _answer(row)

    async def complete(self, asked: Sequence[Call]) -> list[ModelAnswer]:
        """One answer per call, in the order asked; equal calls are one call.

        Raises ParkRun, StopRun or LeaseLost, after every call on its way has been settled.
        """
        keys = [(one.request.key, one.sample) for one in asked]
        missing = {key: one for key, one in zip(keys, asked, strict=True) if key not in self._known}
        if missing:
            await self._copy_from_other_runs(missing)
            await self._ask({key: one for key, one in missing.items() if key not in self._known})
        return [self._known[key] for key in keys]

    async def _copy_from_other_runs(self, missing: dict[Key, Call]) -> None:
        account = self._account
        if self._database is None or self._identity is None:
            raise RuntimeError("The ledger was not loaded.")
        async with session_scope(self._database, self._identity) as session:
            rows = await session.execute(
                text(
                    "SELECT DISTINCT ON (key, sample) key, sample, outcome, text, usage"
                    " FROM llm_calls WHERE key = ANY(:keys) AND outcome = 'ok' AND NOT cached"
                    " AND provider = :provider AND adapter = :adapter AND epoch = :epoch"
                    " AND run_id <> :run_id ORDER BY key, sample, settled_at"
                ),
                {
                    "keys": [key for key, _ in missing],
                    "provider": account.provider,
                    "adapter": account.adapter,
                    "epoch": account.epoch,
                    "run_id": account.run_id,
                },
            )
            found = {(row.key, row.sample): _answer(row) for row in rows}
        copies = {key: answer for key, answer in found.items() if key in missing}
        await asyncio.gather(
            *(
                self._book(Copied(**self._names(key, missing[key]), **_told(answer)))
                for key, answer in copies.items()
            )
        )
        self._known |= copies

    async def _ask(self, missing: dict[Key, Call]) -> None:
        """Admits calls in request order; one that does not fit waits for earlier ones to settle,
        and is refused only when none is left to wait for."""
        waiting = deque(missing.items())
        flying: set[asyncio.Task[None]] = set()
        failures: list[BaseException] = []
        try:
            while (waiting and not failures) or flying:
                if not failures:
                    flying |= await self._launch(waiting, room=self._concurrency - len(flying))
                if flying:
                    done, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                    failures += [error for task in done if (error := task.exception())]
                elif waiting:
                    await self._refuse(*waiting.popleft())
        finally:
            for task in flying:
                task.cancel()
        if failures:
            raise failures[0]

    async def _launch(
        self, waiting: deque[tuple[Key, Call]], *, room: int
    ) -> set[asyncio.Task[None]]:
        """Sends the first calls of `waiting` that fit into the run's and the month's budget, at
        most `room`; the others stay in `waiting`."""
        admitted: list[tuple[Key, Call, Decimal]] = []
        while waiting and len(admitted) < room:
            key, one = waiting[0]
            bound = self._bound(one.request)
            if not self._purse.admit(bound):
                break
            waiting.popleft()
            admitted.append((key, one, bound))
        granted = await asyncio.gather(*(self._reserve(*call) for call in admitted))
        answers = list(zip(admitted, granted, strict=True))
        waiting.extendleft((key, one) for (key, one, _), may_go in reversed(answers) if not may_go)
        return {asyncio.create_task(self._call(*call)) for call, may_go in answers if may_go}

    async def _reserve(self, key: Key, one: Call, bound: Decimal) -> bool:
        """Commits the reservation; False where the month's cap would be passed."""
        cap = self._account.month_cap_usd if self._account.is_billed else None
        granted = await self._book(
            Reserved(**self._names(key, one), bound=bound, month=_month(), month_cap=cap)
        )
        if not granted:
            self._purse.give_back(bound)
        return granted

    async def _call(self, key: Key, one: Call, bound: Decimal) -> None:
        repeated = 0

        async def again() -> bool:
            """One more attempt may be billed too, so it needs a reservation of its own."""
            nonlocal repeated
            granted = self._purse.admit(bound) and await self._reserve(key, one, bound)
            repeated += granted
            return granted

        try:
            answer = await self._complete(one.request, sample=one.sample, again=again)
        except (ParkRun, StopRun) as refusal:
            if not refusal.ambiguous:
                self._purse.give_back(bound)
                await self._book(GivenBack(**self._names(key, one), bound=bound, month=_month()))
            raise
        listed = prices.cost(one.request.model, answer.usage, on=_today())
        # Attempts that brought nothing readable stay booked; each repeat reserved its own bound.
        cost = listed + (answer.ambiguous - repeated) * bound
        if not self._account.is_billed:
            cost = Decimal(0)
        await self._book(
            Settled(
                **self._names(key, one),
                **_told(answer),
                bound=bound,
                cost=cost,
                notional=listed,
                month=_month(),
            )
        )
        self._purse.settle(bound, cost)
        self._known[key] = answer

    async def _refuse(self, key: Key, one: Call) -> None:
        refusal = ModelAnswer(Outcome.OVER_BUDGET)
        await self._book(Copied(**self._names(key, one), **_told(refusal)))
        self._known[key] = refusal

    async def _book(self, booking: Booking) -> bool:
        granted = await self._books.submit(booking)
        if granted is Granted.LEASE_LOST:
            raise LeaseLost
        return granted is Granted.YES

    def _bound(self, request: ModelRequest) -> Decimal:
        if not self._account.is_billed:
            return Decimal(0)
        return prices.upper_bound(request, on=_today())

    def _names(self, key: Key, one: Call) -> dict[str, Any]:
        account = self._account
        return {
            "run_id": account.run_id,
            "fence": account.fence,
            "key": key[0],
            "sample": one.sample,
            "purpose": one.purpose,
            "provider": account.provider,
            "model": one.request.model,
            "adapter": account.adapter,
            "epoch": account.epoch,
        }


def _answer(row: Any) -> ModelAnswer:
    return ModelAnswer(Outcome(row.outcome), row.text or "", Usage(**(row.usage or {})))


def _told(answer: ModelAnswer) -> dict[str, Any]:
    return {
        "outcome": answer.outcome.value,
        "text": answer.text,
        "usage": json.dumps(asdict(answer.usage)),
    }


def _today() -> date:
    return datetime.now(UTC).date()


def _month() -> date:
    return _today().replace(day=1)
