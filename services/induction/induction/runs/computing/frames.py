"""What a worker and its engine's process say to each other, and how it travels. Pure.

Both are one program and trust each other: values are pickled, each behind its length.
"""

import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from nlu_shared.schemas.runs import RunKind

from induction.engine.plan import Plan
from induction.engine.runtime import Event

LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Work:
    """Worker: `function` of `arguments`, please; a `Done` answers it."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Worker: this run, please. Its questions come as `Ask`, its events as `Tell`; a `Done` ends
    it."""

    kind: RunKind
    plan: Plan


@dataclass(frozen=True, slots=True)
class Answer:
    """Worker: what the runtime answers to the `Ask` of that number."""

    number: int
    value: Any


@dataclass(frozen=True, slots=True)
class Ask:
    """Engine: a question of its runtime, by the name of its method. Several can be open."""

    number: int
    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """Engine: an event. It goes on meanwhile; who cannot record it ends the engine."""

    event: Event


@dataclass(frozen=True, slots=True)
class Done:
    """Engine: the value of `Work`; with None, that the run is over."""

    value: Any = None


@dataclass(frozen=True, slots=True)
class Broken:
    """Engine: it raised; the type's name, and where."""

    error: str
    trace: str


ToEngine = Work | Run | Answer
ToWorker = Ask | Tell | Done | Broken


def framed(message: ToEngine | ToWorker) -> bytes:
    body = pickle.dumps(message)
    return LENGTH.pack(len(body)) + body


def parsed(body: bytes) -> ToWorker:
    """What the engine said, without its length."""
    message: ToWorker = pickle.loads(body)  # noqa: S301 - our own
    return message


def read(file: BinaryIO) -> ToEngine:
    """The next message for the engine. Raises EOFError where there is none."""
    head = file.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    message: ToEngine = pickle.loads(file.read(LENGTH.unpack(head)[0]))  # noqa: S301 - our own
    return message
