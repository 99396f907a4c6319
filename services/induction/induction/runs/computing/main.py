"""What runs in the engine's process, which `runs/computing/process` starts.

It hears and answers over one connection, see `runs/computing/frames`; it knows neither database nor
provider. It ends when nobody is left who speaks to it, and on no signal but the one that cannot be
ignored: a worker that is told to stop ends it itself.
"""

import asyncio
import os
import signal
import socket
import threading
import traceback
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Any, BinaryIO

from nlu_shared.schemas.runs import RunKind

from induction.engine.canary import ask_again
from induction.engine.ensemble import measure_votes
from induction.engine.headroom.measure import measure
from induction.engine.inbox import Inbox
from induction.engine.migration.migrate import migrate
from induction.engine.plan import Plan
from induction.engine.run import evaluate_only, improve
from induction.engine.runtime import Call, Event, Runtime
from induction.engine.traffic import replay
from induction.runs.computing.frames import (
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
    read,
)
from induction.task_kinds.base import ModelAnswer

ENGINES: dict[RunKind, Callable[[Plan, Runtime], Awaitable[None]]] = {
    RunKind.IMPROVE: improve,
    RunKind.EVALUATE: evaluate_only,
    RunKind.MIGRATE: migrate,
    RunKind.HEADROOM: measure,
    RunKind.CANARY: ask_again,
    RunKind.REPLAY: replay,
    RunKind.ENSEMBLE: measure_votes,
}


class RemoteRuntime:
    """The engine's runtime: every question goes to the worker and waits for its answer; an event
    goes there and is not waited for."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._numbers = count()
        self._open: dict[int, asyncio.Future[Any]] = {}

    async def ask(self, calls: Sequence[Call], ahead: Sequence[Call] = ()) -> list[ModelAnswer]:
        answers: list[ModelAnswer] = await self._ask("ask", tuple(calls), tuple(ahead))
        return answers

    async def inbox(self, step: int, needs: int = 0) -> Inbox:
        reading: Inbox = await self._ask("inbox", step, needs)
        return reading

    async def tell(self, event: Event) -> None:
        send(self._out, Tell(event))

    def answered(self, answer: Answer) -> None:
        self._open.pop(answer.number).set_result(answer.value)

    async def _ask(self, method: str, *arguments: Any) -> Any:
        number = next(self._numbers)
        self._open[number] = asyncio.get_running_loop().create_future()
        send(self._out, Ask(number, method, arguments))
        return await self._open[number]


def send(out: BinaryIO, message: ToWorker) -> None:
    out.write(framed(message))
    out.flush()


async def serve(inbound: BinaryIO, out: BinaryIO) -> None:
    """Does what it is sent, one thing after the other."""
    runtime = RemoteRuntime(out)
    waiting: asyncio.Queue[Work | Run] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def arrived(message: ToEngine) -> None:
        if isinstance(message, Answer):
            runtime.answered(message)
        else:
            waiting.put_nowait(message)

    def listen() -> None:
        """On a thread: who computes for long must still notice that nobody is left."""
        try:
            while True:
                loop.call_soon_threadsafe(arrived, read(inbound))
        except EOFError:
            os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        message = await waiting.get()
        try:
            if isinstance(message, Work):
                send(out, Done(message.function(*message.arguments)))
            elif isinstance(message, Run):
                await ENGINES[message.kind](message.plan, runtime)
                send(out, Done())
        except Exception as error:  # noqa: BLE001 - told to the worker, who fails the run
            send(out, Broken(type(error).__name__, traceback.format_exc()))


def work(connection: socket.socket) -> None:
    """What the process does: serves the worker at the other end until it is gone."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    asyncio.run(serve(connection.makefile("rb"), connection.makefile("wb")))
