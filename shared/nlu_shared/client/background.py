"""A thread with an event loop of its own, so that what runs there depends on no loop of a caller.

A caller's loop may be one of many, be closed between two calls, or belong to a parent process.
"""

import _thread
import asyncio
import atexit
import os
import select
import socket
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

from nlu_shared.client.errors import ClientError

Result = TypeVar("Result")
WARM_SECONDS = 3.0
"""How long a fork waits for the first work. Libraries import as they go, and a child forked in the
middle of an import could never finish it."""
STOPPING_SECONDS = 2.0
CLOSING_SECONDS = 5.0
"""How long work goes on that was begun before the end, of a transport or of the program."""


GREEN = frozenset({"gevent", "eventlet"})


class GreenThreads(ClientError):
    """Threads of this process are green ones, and asyncio runs in none of them."""


class OwnLoop(asyncio.SelectorEventLoop):
    """Looks names up by itself: at exit the pool of threads that would is gone already."""

    async def getaddrinfo(self, host: Any, port: Any, **how: Any) -> Any:
        return socket.getaddrinfo(host, port, **how)


class Background:
    """The thread begins with the first work, and anew in a forked child."""

    def __init__(self) -> None:
        self._opening = threading.Lock()
        self._loop: OwnLoop | None = None
        self._thread: threading.Thread | None = None
        self._warm = threading.Event()
        self._graveyard: list[object] = []
        _LIVING.add(self)

    @property
    def started(self) -> bool:
        return self._loop is not None

    def submit(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> "Future[Result]":
        """What `work` returns or raises. Raises RuntimeError where no thread can be had, and
        GreenThreads."""
        require_threads()
        if sys.is_finalizing():
            raise RuntimeError("the interpreter ends")
        # Under the lock `close` takes: work is either ended by it or begins another thread.
        with self._opening:
            return asyncio.run_coroutine_threadsafe(self._first(work), self._running())

    def settle(self) -> "Future[None]":
        """Waits for what was submitted, at most `CLOSING_SECONDS`, and cancels what is left."""
        return self.submit(_settled)

    def close(self) -> None:
        """Ends the thread and cancels what it works on; work submitted later begins another."""
        with self._opening:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop and thread:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.stop)
            thread.join(STOPPING_SECONDS)

    def before_fork(self) -> None:
        if self._loop:
            self._warm.wait(WARM_SECONDS)

    def after_fork(self) -> None:
        """In the child: the thread did not come along, and its loop is the parent's."""
        self._opening = threading.Lock()
        # Kept for ever: a loop that is collected would close what the parent has open.
        self._graveyard.append((self._loop, self._thread))
        self._loop = self._thread = None
        self._warm = threading.Event()

    async def _first(self, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        try:
            return await work()
        finally:
            self._warm.set()

    def _running(self) -> OwnLoop:
        if self._loop is None:
            loop = OwnLoop()
            thread = threading.Thread(target=_live, args=(loop,), name="nlu-client", daemon=True)
            try:
                thread.start()
            except BaseException:
                loop.close()
                raise
            self._loop, self._thread = loop, thread
        return self._loop


def require_threads() -> None:
    """Raises GreenThreads where a library has put its own in place of threads or of waiting."""
    for replaced in (_thread.start_new_thread, select.select):
        by = (getattr(replaced, "__module__", None) or "").partition(".")[0]
        if by in GREEN:
            raise GreenThreads(
                f"{by} has patched this process, and asyncio does not run in it: log from workers"
                " that are threads or processes, without monkey patching"
            )


async def result_of(future: "Future[Result]") -> Result:
    """Waits in any loop, or in none of asyncio's by blocking. Who is cancelled stops waiting; the
    work goes on."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return future.result()
    waiter: asyncio.Future[None] = loop.create_future()

    def landed() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def wake(_: object) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(landed)

    future.add_done_callback(wake)
    await waiter
    return future.result()


def _live(loop: OwnLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(_settled(0))
    finally:
        loop.close()


async def _settled(seconds: float = CLOSING_SECONDS) -> None:
    await asyncio.sleep(0)  # what was submitted before has begun, and hears that it is cancelled
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        _, late = await asyncio.wait(others, timeout=seconds)
        for one in late:
            one.cancel()
        if late:
            await asyncio.wait(late, timeout=STOPPING_SECONDS)


_LIVING: "weakref.WeakSet[Background]" = weakref.WeakSet()


def _warm_all() -> None:
    for one in list(_LIVING):
        one.before_fork()


def _fork_all() -> None:
    for one in list(_LIVING):
        one.after_fork()


def _settle_all() -> None:
    """At exit, together: the threads end with the interpreter, whatever they work on."""
    settling = []
    for one in list(_LIVING):
        if one.started:
            with suppress(RuntimeError, ClientError):
                settling.append(one.settle())
    wait(settling, timeout=CLOSING_SECONDS + STOPPING_SECONDS)


atexit.register(_settle_all)
os.register_at_fork(before=_warm_all, after_in_child=_fork_all)
