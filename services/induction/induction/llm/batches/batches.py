"""The Message Batches of one run: sent once, found again, settled call by call.

The law of a batch. Its calls are reserved, and it is intended (a row with its calls, under the
run's fence), in one commit; only then it is sent; then the provider's id is written down. The row's
own id stands in the custom id of each of its calls. So a worker that dies in between leaves an
intention without an id, and whoever takes the run next looks before it sends anything: of the
provider's batches that were made since the intention, are of its size, and are no other row's, each
may be this one until its results tell by their custom ids; while one may be, the run waits. Only
where none is, and as long after the intention as a request could still be on its way
(`settling_seconds`), the batch was not sent: its reservations are released, and its calls go with
another. What no look can tell: a worker that was stopped between its last look at its lease and the
first byte, for longer than that. It finds its lease lost once it has sent, and stops the batch.

A run with an open batch is not driven: `look` comes before anything else is asked, and raises.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import structlog
from nlu_shared.kit.data.db import Database, Identity, session_scope

from induction.engine.runtime import Call
from induction.llm.accounting.accounting import Account, Accounting
from induction.llm.accounting.batch_entries import Resulted
from induction.llm.accounting.entries import LeaseLost, Release
from induction.llm.accounting.flights import Flight, Key
from induction.llm.adapters import batching
from induction.llm.adapters.batching import BatchAwaited, ProviderBatch, Result
from induction.llm.adapters.models import Answering, BatchApi
from induction.llm.batches import rows as batch_rows
from induction.llm.batches.interruptible import ReadInbox, interruptible
from induction.llm.batches.rows import End, OpenBatch
from induction.llm.batches.seeking import Sought, sought
from induction.llm.batches.settling import is_of_another, settled
from induction.llm.errors import Outage, ParkRun, StopRun
from induction.llm.retry import Failure, Park, Stop, Wait, decide
from induction.task_kinds.base import ModelAnswer, ModelRequest

log = structlog.get_logger(__name__)
AT_ONCE = 500
"""Calls settled in one commit."""
UNHEARD = "It is not known whether a batch of {:,} answers was taken: it is looked for."
REFUSED = "The provider of {} refused a batch ({}): its calls go one by one, at their full price."
NO_BATCHES = "{} takes no batches any more"
OTHER_MODEL = "another model answers at {} than when the run began: {}, not {}"


class Batches:
    """`check` raises LeaseLost where the run's lease may have run out. `least` calls make a batch;
    `poll_seconds` pass between the first looks at one. `read_inbox` raises what the operator or
    the clock asks for: before each batch, and every `look_seconds` while a provider is read.
    `keeps_answers` False: the run is over, and only money is settled."""

    def __init__(
        self,
        account: Account,
        accounting: Accounting,
        model: Answering,
        database: Database,
        identity: Identity,
        *,
        check: Callable[[], None],
        read_inbox: ReadInbox,
        look_seconds: float,
        least: int,
        poll_seconds: float,
        settling_seconds: float,
        keeps_answers: bool = True,
    ) -> None:
        self._account = account
        self._accounting = accounting
        self._model = model
        self._session = partial(session_scope, database, identity)
        self._check = check
        self._read_inbox = read_inbox
        self._interruptible = partial(interruptible, read_inbox, seconds=look_seconds)
        self._least = least
        self._poll_seconds = poll_seconds
        self._settling_seconds = settling_seconds
        self._keeps_answers = keeps_answers
        self._unfit: set[Key] = set()
        self._not_taken: set[str] = set()

    async def look(self) -> None:
        """Settles every batch that has ended. Raises BatchAwaited where one is still worked on or
        looked for, ParkRun and StopRun as the provider answers, and LeaseLost."""
        waiting = [one for one in await self._open() if not await self._is_over(one)]
        if waiting:
            raise self._awaited(waiting)
        async with self._session() as session:
            self._unfit = await batch_rows.unfit(
                session, self._account.run_id, most=batching.MOST_TIMES
            )

    async def stop(self) -> None:
        """Has the provider stop what it still works on, as far as it hears."""
        for batch in await self._open():
            if batch.provider_id is None or batch.is_cancelled:
                continue
            if not isinstance(await self._api(batch.model).cancel(batch.provider_id), Failure):
                await self._write_down(batch_rows.cancelled, batch.id)

    async def send(self, calls: Mapping[Key, Call]) -> None:
        """Sends what of these calls is enough for a batch of its model. Raises BatchAwaited where
        there is such, and otherwise as `look` does."""
        by_model: dict[str, dict[Key, Call]] = {}
        for key, one in calls.items():
            if one.purpose == "task" and key not in self._unfit:
                by_model.setdefault(one.request.model, {})[key] = one
        sent = 0
        for model, group in by_model.items():
            if len(group) < self._least or self._model.batches(model) is None:
                continue
            for part in batching.parts(group):
                sent += await self._send(model, part)
        if sent:
            raise self._awaited(await self._open())

    async def _send(self, model: str, calls: Mapping[Key, Call]) -> int:
        """How many of the calls were sent; 0 where they are to be asked one by one."""
        if model in self._not_taken:
            return 0
        await self._read_inbox()
        id, server = uuid4(), self._model.server(model)
        flights = self._accounting.admit_together(id, calls)
        if len(flights) < min(self._least, len(calls)):
            for flight in flights:
                self._accounting.budget.release(flight.bound)
            return 0
        granted = await self._accounting.reserve(flights)
        flights = [one for one, may_go in zip(flights, granted, strict=True) if may_go]
        if not flights:
            return 0
        self._check()
        made = await self._api(model).create(_requests(id, flights, server.model), server.dialect)
        if isinstance(made, Failure):
            return await self._not_made(id, model, flights, made)
        self._log("batch sent", id, calls=len(flights))
        try:
            await self._write_down(batch_rows.submitted, id, made.id)
        except LeaseLost:
            # Whoever has the run now cannot know of it, and may have sent the calls again.
            await self._api(model).cancel(made.id)
            raise
        return len(flights)

    async def _not_made(
        self, id: UUID, model: str, flights: Sequence[Flight], failure: Failure
    ) -> int:
        if batching.may_be_made(failure):
            self._log("batch not heard of", id, reason=str(failure))
            raise BatchAwaited(self._poll_seconds, UNHEARD.format(len(flights)))
        for batch in await self._open():
            if batch.id == id:
                await self._give_up(batch, str(failure))
        for flight in flights:
            self._accounting.budget.release(flight.bound)
        if batching.is_not_taken(failure):
            self._not_taken.add(model)
            await self._write_down(batch_rows.note, REFUSED.format(model, failure))
            return 0
        raise self._trouble(failure)

    async def _is_over(self, batch: OpenBatch) -> bool:
        """Whether nothing more comes of it; what has come is settled then."""
        if batch.age > batching.KEPT.total_seconds():
            return await self._close(batch, "lost", "its results are kept no longer")
        api, provider_id = self._api(batch.model), batch.provider_id
        if provider_id is None:
            seeking = sought(api, batch, self._others, settling=self._settling_seconds)
            match await self._interruptible(seeking):
                case Sought.UNDECIDED:
                    return False
                case Sought.NOT_SENT:
                    return await self._give_up(batch, "it was not sent")
                case Failure() as failure:
                    raise self._trouble(failure)
                case str() as provider_id:
                    self._log("batch found again", batch.id)
                    await self._write_down(batch_rows.submitted, batch.id, provider_id)
        made = await self._interruptible(api.retrieve(provider_id))
        if isinstance(made, ProviderBatch) and not made.is_ended:
            return False
        results: Mapping[str, Result] | Failure
        if isinstance(made, Failure):
            results = made
        else:
            results = await self._interruptible(api.results(provider_id))
        if not isinstance(results, Failure):
            return await self._settle(batch, results)
        if results.is_unknown:
            return await self._close(batch, "lost", "its provider does not know it")
        raise self._trouble(results)

    async def _settle(self, batch: OpenBatch, results: Mapping[str, Result]) -> bool:
        by_number = {batching.number(name, batch.id): one for name, one in results.items()}
        server = self._model.server(batch.model)
        made = settled(
            batch,
            {n: one for n, one in by_number.items() if n is not None},
            names=partial(self._accounting.names, purpose="task", model=batch.model),
            server=server,
            table=self._account.prices,
            keeps_answers=self._keeps_answers,
        )
        for start in range(0, len(made), AT_ONCE):
            await self._accounting.write(made[start : start + AT_ONCE])
        await self._close(batch, "ended", None)
        for one in by_number.values():
            if isinstance(one, ModelAnswer) and is_of_another(one, server):
                raise StopRun(OTHER_MODEL.format(server.identity, one.reported, server.reported))
        return True

    async def _give_up(self, batch: OpenBatch, reason: str) -> bool:
        """It was not sent: nothing of it is billed."""
        server = self._model.server(batch.model)
        released = [
            Release(
                **self._accounting.names(one.key, purpose="task", model=batch.model),
                bound=one.bound if server.billed else Decimal(0),
                month=batch.month,
                resulted=Resulted(batch.id, one.n, "unsent"),
            )
            for one in batch.calls
        ]
        for start in range(0, len(released), AT_ONCE):
            await self._accounting.write(released[start : start + AT_ONCE])
        return await self._close(batch, "unsent", reason)

    async def _close(self, batch: OpenBatch, end: End, reason: str | None) -> bool:
        await self._write_down(batch_rows.close, batch.id, end, reason)
        self._log("batch closed", batch.id, end=end, reason=reason)
        return True

    async def _open(self) -> list[OpenBatch]:
        async with self._session() as session:
            return await batch_rows.of_run(session, self._account.run_id)

    async def _others(self, provider_ids: Collection[str]) -> set[str]:
        async with self._session() as session:
            return await batch_rows.recorded(session, provider_ids)

    async def _write_down(self, write: Callable[..., Awaitable[None]], *values: Any) -> None:
        async with self._session() as session:
            await write(session, self._account.run_id, self._account.fence, *values)

    def _api(self, model: str) -> BatchApi:
        """Raises StopRun where its provider takes no batches any more."""
        api = self._model.batches(model)
        if api is None:
            raise StopRun(NO_BATCHES.format(self._model.server(model).identity))
        return api

    def _awaited(self, waiting: Sequence[OpenBatch]) -> BatchAwaited:
        seconds = min(batching.pause(one.age, first=self._poll_seconds) for one in waiting)
        unheard = [one.size for one in waiting if one.provider_id is None]
        if unheard:
            return BatchAwaited(seconds, UNHEARD.format(sum(unheard)))
        sizes = [one.size for one in waiting]
        return BatchAwaited(seconds, batching.reason(sizes, waiting[0].created_at))

    def _trouble(self, failure: Failure) -> ParkRun | StopRun:
        """What follows where the provider answers so."""
        match decide(failure, 1, waited=0.0, jitter=0.0):
            case Stop():
                return StopRun(str(failure))
            case Park(seconds) | Wait(seconds) if failure.rate_limited:
                return ParkRun(max(seconds, self._poll_seconds), str(failure))
            case _:
                return Outage(
                    self._account.outage_pause, f"The provider does not answer: {failure}."
                )

    def _log(self, event: str, batch: UUID, **facts: Any) -> None:
        log.info(event, run_id=str(self._account.run_id), batch=str(batch), **facts)


def _requests(batch: UUID, flights: Sequence[Flight], model: str) -> list[tuple[str, ModelRequest]]:
    """By custom id, to the model as its provider calls it."""
    return [
        (
            batching.custom_id(batch, one.intended.n, one.key[1]),
            replace(one.call.request, model=model),
        )
        for one in flights
        if one.intended is not None
    ]
