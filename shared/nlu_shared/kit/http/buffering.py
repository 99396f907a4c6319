"""Answers for clients that read at their own pace, while the database is read at its own.

A snapshot's rows go to an unnamed temporary file as fast as the database gives them, and the
connection is given back; the client is sent what is there, behind the writing. Key-set pages
under an exported snapshot would not do: who exports one must keep its transaction open until the
last page, which is for as long as the client likes.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from nlu_shared.kit.data.db import Database, Identity, snapshot_scope
from nlu_shared.kit.errors import Unavailable

PIECE_BYTES = 256 * 1024
Head = TypeVar("Head")
Begin = Callable[[Any], Awaitable[tuple[Head, AsyncGenerator[bytes, None]]]]
"""From a snapshot to what the answer's headers need, and the pieces of its body."""


class NoRoom(Unavailable):
    code = "no_room"
    title = "Too much is waiting to be read by others"

    def __init__(self) -> None:
        super().__init__(retry_after=30)


class CutShort(RuntimeError):
    """An answer that had begun could not be ended. No `ServiceError`: its status is long sent."""


@dataclass(slots=True)
class Buffers:
    """What all answers of a process may hold on disk together, in `folder` (None: the system's
    for temporary files); `send_seconds` is how long a client may take for one piece.

    Above half of `max_bytes` no answer is begun, so that those begun have room to end.
    """

    max_bytes: int
    folder: Path | None = None
    send_seconds: float = 60.0
    used: int = 0

    def admit(self) -> None:
        """Raises NoRoom."""
        if self.used > self.max_bytes // 2:
            raise NoRoom

    def take(self, count: int) -> None:
        """Raises NoRoom."""
        if self.used + count > self.max_bytes:
            raise NoRoom
        self.used += count


@dataclass(slots=True)
class BufferedAnswer:
    """One answer, filled once and read once; whoever made it closes it. `watched` may break off
    what is sent of it."""

    buffers: Buffers
    database: Database
    identity: Identity
    watched: Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]]
    _file: IO[bytes] | None = None
    _taken: int = 0
    _written: int = 0
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: "asyncio.Task[None] | None" = None
    _failed: Exception | None = None
    _is_whole: bool = False

    async def fill(self, begin: Begin[Head]) -> Head:
        """Starts the writing; returns when there is something to send or nothing will come.

        Raises what went wrong until then: NoRoom, Unavailable where the database is away.
        """
        self.buffers.admit()
        head: list[Head] = []
        self._writing = asyncio.create_task(self._write(begin, head), name="buffered")
        await self._grown_beyond(0)
        if self._failed is not None:
            raise self._failed
        return head[0]

    def response(self, media_type: str, headers: dict[str, str]) -> StreamingResponse:
        return TimedStream(
            self.watched(self.pieces()),
            media_type=media_type,
            headers=headers,
            send_seconds=self.buffers.send_seconds,
        )

    async def pieces(self) -> AsyncIterator[bytes]:
        """Raises what ended the writing too early: the answer is cut then, and seen to be."""
        sent = 0
        while await self._grown_beyond(sent):
            piece = os.pread(self._descriptor, min(PIECE_BYTES, self._written - sent), sent)
            sent += len(piece)
            yield piece
        if self._failed is not None:
            raise CutShort(type(self._failed).__name__) from self._failed

    async def close(self) -> None:
        """Ends the writing; nothing of the answer is left."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        if self._file is not None:
            self._file.close()
        self.buffers.used -= self._taken
        self._taken = 0

    async def _write(self, begin: Begin[Head], head: list[Head]) -> None:
        try:
            async with snapshot_scope(self.database, self.identity) as snapshot:
                value, pieces = await begin(snapshot)
                head.append(value)
                async with aclosing(pieces):
                    async for piece in pieces:
                        self._append(piece)
        except Exception as failed:  # noqa: BLE001 - raised where the answer is read
            self._failed = failed
        finally:
            self._is_whole = True
            self._grown.set()

    def _append(self, piece: bytes) -> None:
        """Not in a thread: it is a copy to the page cache, and a file is closed under no thread."""
        self.buffers.take(len(piece))
        self._taken += len(piece)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self.buffers.folder)  # noqa: SIM115
            _write_all(self._descriptor, piece, self._written)
        except OSError as full:
            raise NoRoom from full
        self._written += len(piece)
        self._grown.set()

    @property
    def _descriptor(self) -> int:
        if self._file is None:
            raise RuntimeError("Nothing was written.")
        return self._file.fileno()

    async def _grown_beyond(self, count: int) -> bool:
        """Waits for more than `count` bytes; False where no more will come."""
        while self._written <= count and not self._is_whole:
            self._grown.clear()
            await self._grown.wait()
        return self._written > count


def _write_all(descriptor: int, piece: bytes, place: int) -> None:
    rest = memoryview(piece)
    while rest:
        count = os.pwrite(descriptor, rest, place)
        rest, place = rest[count:], place + count


class TimedStream(StreamingResponse):
    """Cuts a client that does not take a piece within `send_seconds`."""

    def __init__(self, *arguments: Any, send_seconds: float, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._seconds = send_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._seconds):
                await send(message)

        await super().__call__(scope, receive, send_in_time)
