"""The engine elsewhere: a process that computes for one run, asked by the worker's event loop.

A process and not a thread: beside a thread that computes, the worker's loop waits up to 5 ms for
every turn of its own, and nothing can end a thread. A process takes nothing from the loop, so
leases are renewed while texts are read, and whoever computes for too long is killed.

It is forked from a process that has loaded the engine and does nothing else (the standard library's
fork server, one for all runs of a worker), so that a run begins to compute at once.
"""

import asyncio
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from importlib.machinery import ModuleSpec
from multiprocessing.context import ForkServerProcess
from typing import Any, TypeVar, cast

from nlu_shared.schemas.runs import RunKind

from induction.engine.plan import Plan
from induction.engine.runtime import Runtime
from induction.runs.computing import main as engine_main
from induction.runs.computing.frames import (
    LENGTH,
    Answer,
    Ask,
    Broken,
    Done,
    Run,
    Tell,
    ToEngine,
    ToWorker,
    Work,
    framed,
    parsed,
)

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload([engine_main.__name__])
FORKS = 20
FORK_SECONDS = 0.1
"""Between two tries to fork: a fork server that was killed takes a moment to be gone, and only then
another one is begun."""
NOT_TAKEN_ALONG = ModuleSpec(f"{engine_main.__name__}.__main__", None)
"""A main module of this name is not imported anew in each process that is forked, as it is for what
is defined in it: the engine knows nothing of what its worker was begun by."""
STARTING = threading.Lock()
Value = TypeVar("Value")
Look = Callable[[float], Awaitable[None]]
"""Raises where the engine, which has computed for so many seconds, is to do so no longer."""


class EngineFailed(Exception):
    """The engine raised, or its process died; `kind` names the error, the message says where."""

    def __init__(self, kind: str, trace: str) -> None:
        super().__init__(trace)
        self.kind = kind


def failed_inside(kind: str) -> str:
    """The reason of a run that ended by an error of this name."""
    return f"The run failed inside: {kind}."


class EngineDied(EngineFailed):
    """Its process ended by itself: killed, or out of memory."""


class EngineProcess:
    """One engine process; one thing is asked of it at a time. While it computes and asks nothing,
    `look` is called every `seconds`."""

    def __init__(
        self,
        process: ForkServerProcess,
        heard: asyncio.StreamReader,
        speaking: asyncio.StreamWriter,
        look: Look,
        seconds: float,
    ) -> None:
        self._process = process
        self._heard, self._speaking = heard, speaking
        self._look, self._seconds = look, seconds
        self._receiving: asyncio.Task[ToWorker] | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._telling: set[asyncio.Task[None]] = set()
        self._since = time.monotonic()

    async def call(self, function: Callable[..., Value], *arguments: Any) -> Value:
        """The value of a function of a module, computed there. Raises EngineFailed."""
        await self._send(Work(function, arguments))
        return cast(Value, (await self._received(None)).value)

    async def run(self, kind: RunKind, plan: Plan, runtime: Runtime) -> None:
        """A whole run on this runtime; what was told is recorded before it ends, whatever ends it
        but a cancellation. Raises EngineFailed, and what the runtime raises."""
        await self._send(Run(kind, plan))
        try:
            await self._received(runtime)
        except Exception:
            await asyncio.gather(*self._telling, return_exceptions=True)
            raise
        await asyncio.gather(*self._telling)

    async def close(self) -> None:
        """Ends the process, whatever it does."""
        tasks: list[asyncio.Task[Any]] = [*self._asking, *self._telling]
        if self._receiving is not None:
            tasks.append(self._receiving)
        for task in tasks:
            task.cancel()
        self._process.kill()
        self._speaking.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._process.join)

    async def _received(self, runtime: Runtime | None) -> Done:
        """What comes next but questions and events, which are answered side by side."""
        while True:
            match await self._next():
                case Ask() as ask:
                    self._asking.add(asyncio.create_task(self._answer(cast(Runtime, runtime), ask)))
                case Tell(event):
                    self._since = time.monotonic()
                    telling = cast(Runtime, runtime).tell(event)
                    self._telling.add(asyncio.create_task(telling))
                case Broken(error, trace):
                    raise EngineFailed(error, trace)
                case Done() as done:
                    return done

    async def _next(self) -> ToWorker:
        receiving = self._receiving = self._receiving or asyncio.create_task(self._receive())
        while True:
            done, _ = await asyncio.wait(
                {receiving, *self._asking, *self._telling},
                timeout=self._seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done - {receiving}:
                self._asking.discard(cast(asyncio.Task[None], task))
                self._telling.discard(cast(asyncio.Task[None], task))
                task.result()
            if receiving in done:
                self._receiving = None
                return receiving.result()
            if not done and not self._asking:
                await self._look(time.monotonic() - self._since)

    async def _answer(self, runtime: Runtime, ask: Ask) -> None:
        answering: Coroutine[Any, Any, Any] = getattr(runtime, ask.method)(*ask.arguments)
        await self._send(Answer(ask.number, await answering))

    async def _receive(self) -> ToWorker:
        try:
            (length,) = LENGTH.unpack(await self._heard.readexactly(LENGTH.size))
            return parsed(await self._heard.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            await asyncio.to_thread(self._process.join)
            ended = f"the engine's process ended with {self._process.exitcode}"
            raise EngineDied("EngineDied", ended) from None

    async def _send(self, message: ToEngine) -> None:
        self._since = time.monotonic()
        # A process that died says so where it is read from.
        if not self._speaking.is_closing():
            self._speaking.write(framed(message))


async def _fork(process: ForkServerProcess) -> None:
    for left in reversed(range(FORKS)):
        try:
            await asyncio.to_thread(_start, process)
            return
        except (OSError, EOFError) as error:
            if not left:
                unmade = f"the engine's process could not be made: {type(error).__name__}"
                raise EngineDied("EngineDied", unmade) from error
        await asyncio.sleep(FORK_SECONDS)


def _start(process: ForkServerProcess) -> None:
    main = sys.modules["__main__"]
    with STARTING:
        spec, main.__spec__ = main.__spec__, NOT_TAKEN_ALONG
        try:
            process.start()
        finally:
            main.__spec__ = spec


@asynccontextmanager
async def opened(look: Look, *, seconds: float) -> AsyncIterator[EngineProcess]:
    """A process for the length of the block; see `EngineProcess`. Raises EngineDied where none can
    be made."""
    ours, theirs = socket.socketpair()
    process = FORKING.Process(target=engine_main.work, args=(theirs,), daemon=True)
    with ours, theirs:
        await _fork(process)
        streams = await asyncio.open_connection(sock=ours.dup())
    engine = EngineProcess(process, *streams, look, seconds)
    try:
        yield engine
    finally:
        await engine.close()
