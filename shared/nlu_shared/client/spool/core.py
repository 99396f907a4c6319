"""What both faces stand on: every call hands back a Future, for a face to await or to block on.

Here a spool is opened, forked and closed; what a line of it says is the business of others.
"""

import atexit
import logging
import os
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from nlu_shared.client.api import logger_api
from nlu_shared.client.background import GreenThreads, require_threads
from nlu_shared.client.errors import ClientError
from nlu_shared.client.spool.committer import Closed, Committer
from nlu_shared.client.spool.policy import FactState
from nlu_shared.client.spool.sender import Reconciled, Sender
from nlu_shared.client.spool.store import OnFull, Store
from nlu_shared.client.spool.table import DeadLetter
from nlu_shared.ids import uuid7
from nlu_shared.schemas.predictions import OutcomeIn, PredictionIn

log = logging.getLogger(__name__)
Result = TypeVar("Result")
MOST = 100_000
CLOSING_SECONDS = 5.0
GRACE_SECONDS = 1.0
WARM_SECONDS = 3.0
"""How long a fork waits for the first request. Libraries import as they go, and a child forked in
the middle of an import could never finish it."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a spool stands. `dropped` counts what was let go for room, `failed` what no disk took,
    both since this process began; `last_error` is why nothing can be sent now.
    """

    waiting: int
    held: int
    sent: int
    dead: int
    dropped: int
    failed: int
    oldest: datetime | None
    last_error: str | None


class Core:
    """One process's part of a spool folder."""

    def __init__(
        self,
        folder: Path,
        *,
        url: str | None,
        key: str | None,
        most: int,
        on_full: OnFull,
        closing_seconds: float,
    ) -> None:
        self._folder = folder.absolute()
        self._url, self._key = url, key
        self._most: int = most
        self._on_full: OnFull = on_full
        self._closing_seconds = closing_seconds
        self._failed = 0
        self._dropped_before = 0
        self._closed = False
        self._never: set[Path] = set()
        self._graveyard: list[object] = []
        self._opening = threading.Lock()
        self._parts: tuple[Committer, Sender] | None = None
        _LIVING.add(self)
        with suppress(GreenThreads):  # every fact says so
            self._opened()

    @property
    def lost(self) -> int:
        """Facts that never reached the disk, or were let go for room."""
        dropped = self._parts[0].dropped if self._parts else 0
        return self._failed + self._dropped_before + dropped

    def log(self, prediction: PredictionIn) -> "Future[bool]":
        known = prediction if prediction.id else prediction.model_copy(update={"id": uuid7()})
        return self._keep("prediction", known.id, lambda store: store.append(known, _now()))

    def outcome(self, log_id: UUID, outcome: OutcomeIn) -> "Future[bool]":
        body = outcome.model_dump_json()
        return self._keep("outcome", log_id, lambda store: store.put_outcome(log_id, body, _now()))

    def health(self) -> "Future[Health]":
        def look(store: Store) -> Health:
            states = store.states()
            return Health(
                waiting=states[FactState.WAITING],
                held=states[FactState.HELD],
                sent=states[FactState.SENT],
                dead=states[FactState.DEAD],
                dropped=self._dropped_before + store.dropped,
                failed=self._failed,
                oldest=store.oldest(),
                last_error=self._opened()[1].last_error,
            )

        return self._opened()[0].submit(look)

    def dead_letters(self, limit: int) -> "Future[list[DeadLetter]]":
        return self._opened()[0].submit(lambda store: store.dead(limit))

    def resend(self, ids: Sequence[UUID] | None) -> "Future[int]":
        committer, sender = self._opened()
        future = committer.submit(lambda store: store.resend(ids))
        future.add_done_callback(lambda _: sender.wake())
        return future

    def discard(self, ids: Sequence[UUID] | None) -> "Future[int]":
        return self._opened()[0].submit(lambda store: store.discard(ids))

    def reconcile(self, ids: Sequence[UUID] | None, since: datetime | None) -> "Future[Reconciled]":
        sender = self._opened()[1]
        return sender.submit(sender.reconcile(ids, since))

    def flush(self, seconds: float) -> "Future[bool]":
        sender = self._opened()[1]
        return sender.submit(sender.flush(seconds))

    def close(self) -> None:
        """Sends what it can within the closing seconds and leaves the rest in its file."""
        with self._opening:
            if self._closed:
                return
            self._closed = True
        if self._parts:
            committer, sender = self._parts
            with suppress(Closed, TimeoutError):
                self.flush(self._closing_seconds).result(self._closing_seconds + GRACE_SECONDS)
            sender.close()
            committer.close()

    def before_fork(self) -> None:
        if self._parts and not self._closed:
            self._parts[1].warm.wait(WARM_SECONDS)

    def after_fork(self) -> None:
        """In the child: no threads came along, and the parent's file is the parent's."""
        self._opening = threading.Lock()
        if self._parts:
            # Kept for ever: neither SQLite nor the loop may close here what the parent has open.
            self._graveyard.append(self._parts)
            committer = self._parts[0]
            self._dropped_before += committer.dropped
            if committer.claim:
                self._never.add(committer.claim.path)
                committer.claim.release()
            self._parts = None

    def _opened(self) -> tuple[Committer, Sender]:
        if self._parts is None:
            require_threads()
            with self._opening:
                if self._parts is None:
                    committer = Committer(
                        self._folder, most=self._most, on_full=self._on_full, never=self._never
                    )
                    api = lambda: logger_api(self._url, self._key, patience=None)  # noqa: E731
                    self._parts = committer, Sender(committer, api, self._folder)
        return self._parts

    def _keep(self, what: str, log_id: UUID | None, job: Callable[[Store], None]) -> "Future[bool]":
        """Whether it is on disk; never raises."""
        kept: Future[bool] = Future()

        def failed(error: BaseException) -> None:
            self._failed += 1
            log.error(
                "%s not spooled log_id=%s failed=%d error=%s",
                what,
                log_id,
                self._failed,
                error if isinstance(error, ClientError) else type(error).__name__,
            )

        def resolve(done: "Future[None]") -> None:
            error = done.exception()
            if error is None:
                sender.wake()
            else:
                failed(error)
            kept.set_result(error is None)

        try:
            if sys.is_finalizing():
                raise Closed
            committer, sender = self._opened()
            written = committer.submit(job)
        except Exception as error:  # noqa: BLE001 - no thread to be had: counted as any other loss
            failed(error)
            kept.set_result(False)
        else:
            written.add_done_callback(resolve)
        return kept


_LIVING: "weakref.WeakSet[Core]" = weakref.WeakSet()


def _close_all() -> None:
    for core in list(_LIVING):
        core.close()


def _warm_all() -> None:
    for core in list(_LIVING):
        core.before_fork()


def _fork_all() -> None:
    for core in list(_LIVING):
        core.after_fork()


def _now() -> datetime:
    return datetime.now(UTC)


atexit.register(_close_all)
os.register_at_fork(before=_warm_all, after_in_child=_fork_all)
