"""The call ledger: every answer is a row before it is used, so that no settled call is paid twice.

A call is reserved (committed) before it is sent and settled after it. A worker that dies in
between leaves a reservation without an answer: the call is asked again, and since nobody knows
whether the first was billed, its estimate stays booked. All writes are refused (`LeaseLost`) once
another worker holds the run.

What comes out of here is about the model. A call that the provider did not answer stays open: it
is asked again while the provider answers others, and where it answers nothing the run is parked.
Only a request that is refused for its own sake, beside others that are answered, is settled as
lost.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import structlog
from nlu_shared.kit.data.db import Database, Identity, session_scope

from induction.engine.runtime import Call
from induction.llm.accounting import answer_rows
from induction.llm.accounting.accounting import Account, Accounting, LedgerCommits
from induction.llm.accounting.calls import Calls
from induction.llm.accounting.flights import Key, Model
from induction.llm.batches.batches import Batches
from induction.llm.errors import Outage, StopRun
from induction.llm.prices import PriceTable
from induction.task_kinds.base import BY_MODEL, BY_PROVIDER, ModelAnswer, Outcome

log = structlog.get_logger(__name__)
PROBES_FROM = 1_000_000
"""Samples from here on are probes: a request that was answered before, sent once more to see
whether the provider answers at all. No measurement asks for so many."""
ROUNDS = 2
"""How often a call may be given up, each time after all its attempts and beside a probe that was
answered, before it is lost."""
LEAST_REFUSED = 8
"""So many refused requests at once, and none answered, are no single request's matter."""
UNHEARD = "The provider has answered nothing until the minutes were used up."
LONGEST_WAIT = 5
"""Times a run is parked for a model that has never answered it, while others do."""


class Ledger:
    """Answers the engine's calls for one run: from its own rows, from other runs', or by asking."""

    def __init__(
        self,
        account: Account,
        commits: LedgerCommits,
        model: Model,
        batching: Callable[[Accounting], Batches] | None = None,
        **looking: Any,
    ) -> None:
        """`batching`: many calls go as Message Batches. `looking` is what `Calls` takes to be
        stopped while calls are on their way."""
        self._account = account
        self._model = model
        self._calls = Calls(account, commits, model, **looking)
        self._batches = None if batching is None else batching(self._calls.accounting)
        self._answered: dict[str, Call] = {}  # by model, a request that it has answered
        self._question: Collection[Key] = ()
        self._looked_up: set[Key] = set()
        self._probes = 0
        self._database: Database | None = None
        self._identity: Identity | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What was begun for a question that never came is settled first; a worker that is told to
        stop does not wait for it."""
        if isinstance(error, asyncio.CancelledError):
            await self._calls.part()
        else:
            await self._calls.land()

    @property
    def settled(self) -> int:
        """Answers that have come since it was loaded: what moves while `complete` waits."""
        return self._calls.settled

    @property
    def answered(self) -> int:
        """How many of the calls that were asked last have their answer."""
        return sum(key in self._calls.known for key in self._question)

    @property
    def prices(self) -> PriceTable:
        """Those its calls are charged by."""
        return self._account.prices

    def is_short_of(self, calls: int) -> bool:
        """Whether the minutes left are too few for so many answers to cases."""
        return self._calls.time.is_short_of(calls)

    async def load(self, database: Database, identity: Identity) -> None:
        """Reads what this run has already asked; must come before the first `complete`. Raises as
        `Batches.look` does: while a batch is worked on nothing else is asked."""
        self._database, self._identity = database, identity
        if self._batches is not None:
            await self._batches.look()
        async with session_scope(database, identity) as session:
            rows = await answer_rows.of_run(session, self._account.run_id)
            for row in rows:
                self._calls.accounting.budget.calls += row.attempts
                self._calls.accounting.budget.usd += row.spent
                self._probes = max(self._probes, row.sample - PROBES_FROM)
                if row.outcome is not None:
                    self._calls.known[row.key, row.sample] = answer_rows.answer(row)

    async def complete(
        self, calls: Sequence[Call], ahead: Sequence[Call] = ()
    ) -> list[ModelAnswer]:
        """One answer per call, in the order asked; equal calls are one call. `ahead` are those of
        the next question, which are begun where there is room.

        Raises ParkRun, StopRun or LeaseLost, after every call on its way has been settled.
        """
        keys = _keys(calls)
        by_key = dict(zip(keys, calls, strict=True))
        self._question = by_key.keys()
        if missing := self._open(by_key):
            await self._copy_from_other_runs(missing)
            self._remember(by_key)
            is_late = self._calls.time.is_over()
            if is_late and self._account.outages and not self._answered:
                raise Outage(self._account.outage_pause, UNHEARD)
            if self._batches is not None and not is_late:
                await self._batches.send(self._open(missing))
                ahead = ()  # a call on its way has no place in a batch
            expecting = asyncio.create_task(self._expect(ahead))
            try:
                await self._ask(self._open(missing))
                await expecting
            finally:
                expecting.cancel()
        self._remember(by_key)
        return [self._calls.known[key] for key in keys]

    async def _expect(self, ahead: Sequence[Call]) -> None:
        calls = self._open(dict(zip(_keys(ahead), ahead, strict=True)))
        await self._copy_from_other_runs(calls)
        self._calls.expect(self._open(calls))

    async def probe(self, one: Call) -> ModelAnswer:
        """The answer to a call that is put to its server whatever is remembered. Raises as
        `complete` does."""
        self._probes += 1
        call = replace(one, sample=PROBES_FROM + self._probes)
        key = call.request.key, call.sample
        lost = await self._calls.send({key: call})
        return self._calls.known.get(key) or lost[key]

    @property
    def has_waited(self) -> bool:
        """Whether a model that has never answered is waited for no longer, where others answer."""
        return self._account.outages >= LONGEST_WAIT

    def outage(self, answer: ModelAnswer) -> Outage:
        """Of a provider that did not answer."""
        return Outage(self._account.outage_pause, f"The provider does not answer: {answer.text}.")

    def _open(self, calls: Mapping[Key, Call]) -> dict[Key, Call]:
        return {key: one for key, one in calls.items() if key not in self._calls.known}

    def _remember(self, calls: Mapping[Key, Call]) -> None:
        for key, one in calls.items():
            known = self._calls.known.get(key)
            if known is not None and known.outcome in BY_MODEL:
                self._answered.setdefault(one.request.model, one)

    async def _ask(self, missing: dict[Key, Call]) -> None:
        """Sends what is missing until each has an answer or is lost."""
        rejected: dict[Key, ModelAnswer] = {}
        given_up = Counter[Key]()
        while left := {key: one for key, one in self._open(missing).items() if key not in rejected}:
            lost = await self._calls.send(left)
            self._remember(left)
            unavailable: dict[Key, ModelAnswer] = {}
            for key, answer in lost.items():
                if answer.outcome is Outcome.UNAVAILABLE:
                    unavailable[key] = answer
                else:
                    rejected[key] = answer
            given_up.update(unavailable.keys())
            if unavailable:
                await self._require_answers(missing, unavailable)
            for key, answer in unavailable.items():
                if given_up[key] >= ROUNDS:
                    await self._lose(key, missing[key], answer)
        self._require_takers(missing, rejected)
        for key, answer in rejected.items():
            await self._lose(key, missing[key], answer)

    async def _require_answers(
        self, missing: Mapping[Key, Call], unavailable: Mapping[Key, ModelAnswer]
    ) -> None:
        """Raises Outage unless the same model still answers what it has answered before: then it
        is these requests that are not answered. A model that has not answered yet is waited for,
        but not for ever: at last it is enough that another one answers."""
        key, answer = next(iter(unavailable.items()))
        known = self._answered.get(missing[key].request.model)
        if known is None and self.has_waited:
            known = next(iter(self._answered.values()), None)
        if known is not None and (await self.probe(known)).outcome not in BY_PROVIDER:
            return
        raise self.outage(answer)

    def _require_takers(
        self, missing: Mapping[Key, Call], rejected: Mapping[Key, ModelAnswer]
    ) -> None:
        """Raises StopRun where what is refused is not a matter of single requests: the model has
        answered nothing yet, or nothing of a whole block. What is refused for its length is the
        prompt's matter, and the engine's."""
        for key, answer in rejected.items():
            if answer.outcome is Outcome.TOO_LONG:
                continue
            all_refused = len(rejected) == len(missing) >= LEAST_REFUSED
            if all_refused or missing[key].request.model not in self._answered:
                raise StopRun(answer.text)

    async def _lose(self, key: Key, one: Call, answer: ModelAnswer) -> None:
        log.warning(
            "call not answered",
            run_id=str(self._account.run_id),
            model=one.request.model,
            outcome=answer.outcome.value,
            reason=answer.text,
        )
        await self._calls.settle_unsent(key, one, answer)

    async def _copy_from_other_runs(self, calls: Mapping[Key, Call]) -> None:
        """Looks each call up once."""
        account = self._account
        if self._database is None or self._identity is None:
            raise RuntimeError("The ledger was not loaded.")
        missing = {key: one for key, one in calls.items() if key not in self._looked_up}
        if not missing:
            return
        self._looked_up |= missing.keys()
        servers = [self._model.server(one.request.model) for one in missing.values()]
        async with session_scope(self._database, self._identity) as session:
            answered = await answer_rows.of_other_runs(
                session, account.run_id, missing, servers, epoch=account.epoch
            )
        await asyncio.gather(
            *(
                self._calls.settle_unsent(key, missing[key], answer)
                for key, answer in answered.items()
                if key in missing
            )
        )


def _keys(calls: Sequence[Call]) -> list[Key]:
    return [(one.request.key, one.sample) for one in calls]
