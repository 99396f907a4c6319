"""The engine's three questions for one run, each answered once and remembered: its ledger, its
inbox and its events."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.schemas.events import EvaluationProgress
from redis.asyncio import Redis
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.engine.inbox import Inbox
from induction.engine.runtime import Call, Event
from induction.llm.errors import ParkRun
from induction.llm.ledger import Ledger
from induction.runs.driving import approvals, inbox, journal
from induction.runs.driving.lease import Lease
from induction.runs.models import RunEventRow
from induction.runs.streaming import stream
from induction.task_kinds.base import ModelAnswer

log = structlog.get_logger(__name__)
REPORT_SECONDS = 0.25
"""Between two announcements of how many answers have come."""


class PauseRequested(Exception):
    """The operator wants the run to pause; nothing is recorded, so it can go on exactly here."""


class ApprovalPending(Exception):
    """A change waits for a person: the run was let go, and goes on exactly here."""


@dataclass(slots=True)
class RunRuntime:
    """`readings` and `recorded` are what the run has read and told before: the same again."""

    ledger: Ledger
    lease: Lease
    redis: Redis
    readings: dict[int, Inbox]
    recorded: Sequence[RunEventRow]
    _events: int = field(default=0, init=False)
    _progress: EvaluationProgress | None = field(default=None, init=False)
    _recording: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _unrecorded: list[int] = field(default_factory=list, init=False)
    _failure: Exception | None = field(default=None, init=False)

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        self.lease.check()
        async with self._reporting(calls):
            try:
                return await self.ledger.complete(calls, ahead)
            except ParkRun:
                await self._keep_readings()
                raise

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        """What the operator and the clock say: stop, too, where the minutes left are too few for so
        many answers as the engine `needs` before it can end. Raises PauseRequested instead of
        reading when the run is to pause, and ApprovalAwaited where nobody has decided yet.

        A reading of nothing is recorded with the next event, or where the run is parked: until then
        nothing has come of it, and a replay may as well read something else. It waits for no event,
        but for one that says a person is waited for.
        """
        if step in self.readings:
            return self.readings[step]
        self.lease.check()
        is_short = self.ledger.is_short_of(needs)
        if not is_short and self.lease.run.approval_terms is None and await self._is_empty():
            self._unrecorded.append(step)
            self.readings[step] = Inbox()
        else:
            async with self._in_order():
                self.readings[step] = await self._read(step, is_short=is_short)
        return self.readings[step]

    async def _is_empty(self) -> bool:
        async with session_scope(self.lease.database, self.lease.identity) as session:
            return await inbox.is_empty(session, self.lease.run)

    async def _read(self, step: int, *, is_short: bool) -> Inbox:
        run = self.lease.run
        async with self._transaction() as session:
            rests = await approvals.rests(session, run.id, run.fence)
            reading = (
                None
                if rests
                else await inbox.read_inbox(session, run.id, run.fence, step, is_short=is_short)
            )
        if rests:
            raise ApprovalPending
        if reading is None:
            raise PauseRequested
        return reading

    async def tell(self, event: Event) -> None:
        """Events that are told while others are recorded are recorded after them. Raises
        ReplayDiverged where something else was told in its place before."""
        run = self.lease.run
        if isinstance(event, EvaluationProgress):
            self._progress, n = event, self._events
            async with self._in_order():
                await stream.announce_progress(self.redis, run.id, event, after=n)
            return
        self._progress = None
        self._events = n = self._events + 1
        if n <= len(self.recorded):
            journal.compare(self.recorded[n - 1].body, event)
            return
        async with self._in_order():
            async with self._transaction() as session:
                await journal.record(session, run.id, run.fence, n, event, self.ledger.prices)
            await stream.announce(self.redis, run.id)
        log.info("run event", run_id=str(run.id), n=n, type=event.type)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncSession]:
        """One that records the readings of nothing, too, that were made until now."""
        steps = tuple(self._unrecorded)
        async with session_scope(self.lease.database, self.lease.identity) as session:
            yield session
            inbox.keep_empty(session, self.lease.run.id, steps)
        del self._unrecorded[: len(steps)]

    async def _keep_readings(self) -> None:
        """So that a run that was parked goes on as it had read, and not by a later hour."""
        if self._unrecorded:
            async with self._in_order(), self._transaction() as session:
                await journal.held(session, self.lease.run.id, self.lease.run.fence)

    @asynccontextmanager
    async def _in_order(self) -> AsyncIterator[None]:
        """One thing told or read after the other, and nothing after one that failed: that would
        leave a gap."""
        async with self._recording:
            if self._failure is not None:
                raise self._failure
            try:
                yield
            except Exception as error:
                self._failure = error
                raise

    @asynccontextmanager
    async def _reporting(self, calls: Sequence[Call]) -> AsyncIterator[None]:
        """Meanwhile announces what has come of these calls, where they are part of the evaluation
        that told its progress last. Nothing of it is stored."""
        began = self._progress
        if began is None or any(call.purpose != "task" for call in calls):
            yield
            return
        most = min(began.total, began.done + len(calls))
        over = asyncio.Event()
        reporting = asyncio.create_task(self._report(began, most, over))
        try:
            yield
        finally:
            # Not cancelled: on Python 3.11 a cancellation that meets Redis' answer can be lost.
            over.set()
            await reporting

    async def _report(self, began: EvaluationProgress, most: int, over: asyncio.Event) -> None:
        done = began.done
        while not over.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(REPORT_SECONDS):
                    await over.wait()
            reached = min(most, began.done + self.ledger.answered)
            if reached > done and not over.is_set():
                done = reached
                moved = began.model_copy(update={"done": done})
                await stream.announce_progress(
                    self.redis, self.lease.run.id, moved, after=self._events
                )
