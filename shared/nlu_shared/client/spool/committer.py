"""The thread that owns a spool file: jobs wait for the commit they joined and get their result.

While one commit is on its way to disk the next group gathers, as in the service's group commit.
"""

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from nlu_shared.client.spool import files
from nlu_shared.client.spool.store import Full, OnFull, Store
from nlu_shared.client.spool.table import connect

log = logging.getLogger(__name__)
Result = TypeVar("Result")
Job = Callable[[Store], Any]
Entry = tuple[Job, "Future[Any]"]
LARGEST_GROUP = 500


class Closed(Exception):
    """The spool was closed before the job was done."""


class Committer:
    """Opens a file of `folder` with the first job; a job that finds none open tries again.

    `never` are files this process must not open.
    """

    def __init__(
        self, folder: Path, *, most: int, on_full: OnFull, never: Collection[Path] = ()
    ) -> None:
        self._folder = folder
        self._most = most
        self._on_full = on_full
        self.never = never
        self._jobs: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._full: list[Entry] = []
        self._claim: files.LockedFile | None = None
        self._store: Store | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="nlu-spool-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        return self._store.dropped if self._store else 0

    @property
    def claim(self) -> files.LockedFile | None:
        return self._claim

    def submit(self, job: Callable[[Store], Result]) -> "Future[Result]":
        """What `job` returns, once its commit is on disk; or what was raised on the way."""
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                future.set_exception(Closed())
            else:
                self._jobs.put((job, future))
        return future

    def close(self) -> None:
        """Finishes what was submitted, fails what waits for room, and leaves the file."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._jobs.get()) is not None:
            group = [first]
            while len(group) < LARGEST_GROUP and not self._jobs.empty():
                entry = self._jobs.get()
                if entry is None:
                    self._jobs.put(None)
                    break
                group.append(entry)
            waiting, self._full = self._full, []  # last, so that what makes room came before
            live = [one for one in group if one[1].set_running_or_notify_cancel()]
            self._commit(live + waiting)
        for _, future in self._full:
            future.set_exception(Closed())
        if self._store:
            self._store.connection.close()
        if self._claim:
            self._claim.release()

    def _commit(self, group: list[Entry]) -> None:
        """All in one transaction; where that fails each in its own, so that one fails alone."""
        try:
            results = self._transact([job for job, _ in group])
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            if len(group) == 1:
                group[0][1].set_exception(error)
                return
            for one in group:
                self._commit([one])
            return
        for entry, result in zip(group, results, strict=True):
            if isinstance(result, Full):
                self._full.append(entry)
            else:
                entry[1].set_result(result)

    def _transact(self, jobs: list[Job]) -> list[Any]:
        store = self._opened()
        dropped = store.dropped
        store.connection.execute("BEGIN IMMEDIATE")
        try:
            results = [_attempt(job, store) for job in jobs]
            store.connection.execute("COMMIT")
        except BaseException:
            store.forget(dropped)
            if store.connection.in_transaction:  # a full disk has rolled it back already
                store.connection.execute("ROLLBACK")
            raise
        return results

    def _opened(self) -> Store:
        if self._store is None:
            claim = files.own(self._folder, never=self.never)
            try:
                connection = connect(claim.path)
            except sqlite3.DatabaseError as error:
                if not broken(error):
                    claim.release()
                    raise
                log.error("spool file set aside path=%s", claim.set_aside())
                return self._opened()
            self._claim = claim
            self._store = Store(connection, most=self._most, on_full=self._on_full)
        return self._store


def _attempt(job: Job, store: Store) -> Any:
    """A job that finds no room has changed nothing and is kept for a later group."""
    try:
        return job(store)
    except Full as full:
        return full


def broken(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is at fault, not the moment."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
