"""The engine's process: `python -m induction.runs.computing`, started by `runs/apart`.

It reads from its standard input and writes to its standard output, see `runs/frames`; it knows
neither database nor provider. It ends when nobody is left who speaks to it, and on no signal but
the one that cannot be ignored: a worker that is told to stop ends it itself.
"""

import asyncio
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import aclosing
from itertools import count
from typing import Any, BinaryIO

from nlu_shared.schemas.runs import RunKind

from induction.engine.loop import evaluate_only, improve
from induction.engine.world import Asked, Inbox
from induction.runs.frames import Answer, Ask, Broken, Done, Next, Run, Step, Work, framed, read
from induction.tasks.base import ModelAnswer

ENGINES = {RunKind.IMPROVE: improve, RunKind.EVALUATE: evaluate_only}


class Elsewhere:
    """The engine's world: every question goes to the worker and waits for its answer."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._numbers = count()
        self._open: dict[int, asyncio.Future[Any]] = {}

    async def complete(self, asked: Sequence[Asked]) -> list[ModelAnswer]:
        answers: list[ModelAnswer] = await self._ask("complete", tuple(asked))
        return answers

    async def inbox(self, step: int) -> Inbox:
        read: Inbox = await self._ask("inbox", step)
        return read

    def answered(self, answer: Answer) -> None:
        self._open.pop(answer.number).set_result(answer.value)

    async def _ask(self, method: str, argument: Any) -> Any:
        number = next(self._numbers)
        self._open[number] = asyncio.get_running_loop().create_future()
        say(self._out, Ask(number, method, argument))
        return await self._open[number]


def say(out: BinaryIO, message: Ask | Done | Step | Broken) -> None:
    out.write(framed(message))
    out.flush()


async def serve(inbound: BinaryIO, out: BinaryIO) -> None:
    """Does what it is sent, one thing after the other."""
    world = Elsewhere(out)
    waiting: asyncio.Queue[Work | Run | Next] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def arrived(message: Work | Run | Next | Answer) -> None:
        if isinstance(message, Answer):
            world.answered(message)
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
                say(out, Done(message.function(*message.arguments)))
            elif isinstance(message, Run):
                async with aclosing(ENGINES[message.kind](message.plan, world)) as steps:
                    async for event in steps:
                        say(out, Step(event))
                        await waiting.get()
                say(out, Done())
        except Exception as error:  # noqa: BLE001 - told to the worker, who fails the run
            say(out, Broken(type(error).__name__, traceback.format_exc()))


if __name__ == "__main__":
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.SIG_IGN)
    written = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    asyncio.run(serve(sys.stdin.buffer, written))
