"""The thread that empties a spool: batches out, answers in, failures waited out.

It has an event loop and a connection of its own, so it depends on nothing of the caller's.
"""

import asyncio
import logging
import random
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx2
from pydantic import BaseModel

from nlu_shared.client.api import Api, read
from nlu_shared.client.background import OwnLoop
from nlu_shared.client.errors import ClientError, Refused, Unavailable, UnexpectedAnswer
from nlu_shared.client.spool import files, policy
from nlu_shared.client.spool.committer import Closed, Committer, broken
from nlu_shared.client.spool.policy import FactKind, FactState, FactVerdict, RefusalRemedy
from nlu_shared.client.spool.store import Store
from nlu_shared.client.spool.table import Fact, connect, pages
from nlu_shared.schemas.predictions import BATCH_LIMIT, BatchAnswer, Ids, Known, OutcomeIn

log = logging.getLogger(__name__)
Result = TypeVar("Result")
GATHERING_SECONDS = 0.05
"""How long a first fact waits for others to share its request."""
LOOKING_SECONDS = 15.0
"""Between looks for orphans, and for outcomes whose time has come."""
OUTCOMES_AT_ONCE = 8
STOPPING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`missing` were not at the service; those of them that were still here are sent again."""

    known: int
    missing: tuple[UUID, ...]
    resent: int


class Sender:
    """Runs from its making until `close`."""

    def __init__(self, committer: Committer, api: Callable[[], Api], folder: Path) -> None:
        self.last_error: str | None = None
        self._committer = committer
        self._make_api = api
        self._folder = folder
        self._loop = OwnLoop()
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._round_over = asyncio.Condition()
        self._woken = False
        self._stopped = False
        self.warm = threading.Event()
        self._main: asyncio.Task[None] | None = None
        self._api: Api | None = None
        self._thread = threading.Thread(target=self._live, name="nlu-spool-sender", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something is waiting. Cheap, from any thread."""
        if not self._woken:
            self._woken = True
            with suppress(RuntimeError):  # closed meanwhile
                self._loop.call_soon_threadsafe(self._wake.set)

    def submit(self, work: Coroutine[Any, Any, Result]) -> "Future[Result]":
        """What `work` returns, done on this thread's loop."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:
            work.close()
            failed: Future[Result] = Future()
            failed.set_exception(Closed())
            return failed

    def close(self) -> None:
        """Stops at once; what is under way stays in the spool."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(STOPPING_SECONDS)

    async def flush(self, seconds: float) -> bool:
        """Sends without delay; whether all that could be sent was sent in time."""
        try:
            async with asyncio.timeout(seconds):
                self._hurry.set()
                self._wake.set()
                while await self._ask(lambda store: store.due(_now())):
                    async with self._round_over:
                        await self._round_over.wait()
        except (TimeoutError, Closed, sqlite3.Error, OSError):
            return False
        return True

    async def reconcile(self, ids: Sequence[UUID] | None, since: datetime | None) -> Reconciled:
        """Raises ClientError where the service cannot be asked."""
        assert self._api is not None  # noqa: S101
        sent = await self._ask(lambda store: store.sent(ids, since))
        here = set(sent.values())
        candidates = sent | {one: one for one in ids or () if one not in here}
        wires = list(candidates)
        known: set[UUID] = set()
        for start in range(0, len(wires), BATCH_LIMIT):
            page = Ids(ids=wires[start : start + BATCH_LIMIT])
            known |= set((await self._api.post("/v1/predictions:known", Known, page)).known)
        missing = [wire for wire in wires if wire not in known]
        again = [sent[wire] for wire in missing if wire in sent]
        await self._ask(lambda store: store.send_again(again))
        self.wake()
        return Reconciled(len(known), tuple(candidates[wire] for wire in missing), len(again))

    def _live(self) -> None:
        with (
            asyncio.Runner(loop_factory=lambda: self._loop) as runner,
            suppress(asyncio.CancelledError),
        ):
            runner.run(self._run())

    def _stop(self) -> None:
        self._stopped = True
        if self._main:
            self._main.cancel()

    async def _run(self) -> None:
        if self._stopped:  # told to before it began
            return
        self._main = asyncio.current_task()
        tried = 0
        looked = -LOOKING_SECONDS
        async with self._make_api() as self._api:
            while True:
                self._woken = False
                self._wake.clear()
                try:
                    if time.monotonic() - looked >= LOOKING_SECONDS:
                        looked = time.monotonic()
                        await self._keep_house()
                    sent = await self._round()
                except Exception as error:  # noqa: BLE001 - the spool must outlive whatever it is
                    tried += 1
                    chance = random.random()  # noqa: S311
                    seconds = policy.pause(tried, chance=chance, retry_after=_retry_after(error))
                    self._complain(error, seconds)
                    await self._round_is_over()
                    await self._wait_for(self._hurry, seconds)
                    self._hurry.clear()
                    continue
                tried, self.last_error = 0, None
                await self._round_is_over()
                if not sent:
                    self._hurry.clear()
                    await self._wait_for(self._wake, LOOKING_SECONDS)
                    await self._wait_for(self._hurry, GATHERING_SECONDS)

    async def _wait_for(self, event: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    async def _round_is_over(self) -> None:
        self.warm.set()
        async with self._round_over:
            self._round_over.notify_all()

    def _complain(self, error: Exception, seconds: float) -> None:
        self.last_error = reason = _without_text(error)
        log.warning("spool not sent error=%s next_try_seconds=%.1f", reason, seconds)

    async def _round(self) -> int:
        """Sends one batch and what is due of outcomes; how many facts were looked at."""
        facts = await self._ask(lambda store: store.take(_now()))
        predictions = [one for one in facts if one.kind is FactKind.PREDICTION]
        if predictions:
            await self._settle(await self._post(predictions))
        outcomes = [one for one in facts if one.kind is FactKind.OUTCOME]
        for start in range(0, len(outcomes), OUTCOMES_AT_ONCE):
            some = outcomes[start : start + OUTCOMES_AT_ONCE]
            results = await asyncio.gather(*map(self._tell, some), return_exceptions=True)
            verdicts = [
                one for one in zip(some, results, strict=True) if isinstance(one[1], FactVerdict)
            ]
            await self._settle(
                [(fact, one) for fact, one in verdicts if isinstance(one, FactVerdict)]
            )
            for one in results:
                if isinstance(one, BaseException):
                    raise one
        return len(facts)

    async def _post(self, facts: Sequence[Fact]) -> list[tuple[Fact, FactVerdict]]:
        """One batch as NDJSON, in which a bad line refuses no other."""
        lines = "\n".join(fact.body for fact in facts).encode()
        try:
            answer = read(BatchAnswer, await self._send("/v1/predictions:batch", lines))
        except Refused as error:
            remedy = policy.of_refusal(error.status, len(facts))
            if remedy is RefusalRemedy.HALVE:
                half = len(facts) // 2
                return await self._post(facts[:half]) + await self._post(facts[half:])
            if remedy is RefusalRemedy.BURY:
                return [(facts[0], FactVerdict(FactState.DEAD, error.code))]
            raise
        if [one.index for one in answer.items] != list(range(len(facts))):
            raise UnexpectedAnswer("the answer to a batch does not fit the batch")
        return [
            (fact, policy.of_item(fact.wire_id, one, now=_now()))
            for fact, one in zip(facts, answer.items, strict=True)
        ]

    async def _tell(self, fact: Fact) -> FactVerdict:
        outcome = OutcomeIn.model_validate_json(fact.body)
        try:
            await self._send(f"/v1/predictions/{fact.wire_id}/outcome", outcome)
        except Refused as error:
            verdict = policy.of_outcome(error.status, error.code, made=fact.made, now=_now())
            if verdict is None:
                raise
            return verdict
        return policy.SENT

    async def _send(self, path: str, body: BaseModel | bytes) -> httpx2.Response:
        assert self._api is not None  # noqa: S101
        return await self._api.send("POST", path, body=body)

    async def _settle(self, verdicts: Sequence[tuple[Fact, FactVerdict]]) -> None:
        await self._ask(lambda store: store.settle(verdicts, _now()))
        for fact, one in verdicts:
            if one.state is FactState.DEAD:
                log.error("%s refused log_id=%s code=%s", fact.kind, fact.log_id, one.code)

    async def _keep_house(self) -> None:
        await self._ask(lambda store: store.prune(_now()))
        for claim in files.orphans(self._folder, never=self._committer.never):
            await self._adopt(claim)

    async def _adopt(self, claim: files.LockedFile) -> None:
        """Moves the rows of a file nobody holds into ours; twice is as good as once."""
        count = 0
        try:
            orphan = connect(claim.path)
            try:
                for page in pages(orphan):
                    await self._ask(lambda store, rows=page: store.take_over(rows))  # type: ignore[misc]
                    count += len(page)
            finally:
                orphan.close()
        except sqlite3.DatabaseError as error:
            if broken(error):
                log.error("spool file set aside path=%s", claim.set_aside())
                return
            claim.release()
            raise
        except BaseException:
            claim.release()
            raise
        claim.remove()
        log.warning("orphaned spool adopted facts=%d path=%s", count, claim.path)

    def _ask(self, job: Callable[[Store], Result]) -> Awaitable[Result]:
        return asyncio.wrap_future(self._committer.submit(job))


def _now() -> datetime:
    return datetime.now(UTC)


def _retry_after(error: Exception) -> float | None:
    return error.retry_after if isinstance(error, Unavailable) else None


def _without_text(error: Exception) -> str:
    """Errors of the client carry no user text; of others only the kind is told."""
    return str(error) if isinstance(error, ClientError) else type(error).__name__
