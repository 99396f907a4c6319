"""A way to the database that can be shut, or go silent, and opened while somebody is on it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Gate:
    """Forwards TCP to `host:port` from a port of its own, which it keeps while shut."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self._to = (host, port)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._asking, self._answering = asyncio.Event(), asyncio.Event()

    async def open(self) -> None:
        self.resume()
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """New connections are refused, those that stand are reset."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.transport.abort()

    def hang(self, *, answers_only: bool = False) -> None:
        """Connections stand and are taken, and nothing (or no answer) comes through."""
        self._answering.clear()
        if not answers_only:
            self._asking.clear()

    def resume(self) -> None:
        self._asking.set()
        self._answering.set()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection(*self._to)
        self._open |= {writer, there}
        try:
            await asyncio.gather(
                _pump(reader, there, self._asking), _pump(there_reader, writer, self._answering)
            )
        finally:
            self._open -= {writer, there}


async def _pump(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, passing: asyncio.Event
) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            await passing.wait()
            target.write(data)
            await target.drain()
    target.close()


@asynccontextmanager
async def gated(url: str) -> AsyncIterator[tuple[Gate, str]]:
    """A gate before the server of `url`, and the URL that leads through it."""
    parts = urlsplit(url)
    gate = Gate(parts.hostname or "", parts.port or 0)
    await gate.open()
    login = parts.netloc.rpartition("@")[0]
    try:
        yield gate, urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{gate.port}"))
    finally:
        gate.resume()
        await gate.shut()
