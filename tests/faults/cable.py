"""The network between one process and a server, which can be cut and mended: what was on its way
meanwhile arrives late, as TCP has it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Cable:
    """From `port` on this machine to the server."""

    def __init__(self, host: str, port: int) -> None:
        self._server = host, port
        self._whole = asyncio.Event()
        self._whole.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    async def carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """One connection, until either end closes it."""
        await self._whole.wait()
        try:
            far, there = await asyncio.open_connection(*self._server)
        except OSError:
            back.close()
            return
        pumps = {
            asyncio.create_task(self._pump(near, there)),
            asyncio.create_task(self._pump(far, back)),
        }
        self._pumps |= pumps
        await asyncio.wait(pumps)
        self._pumps -= pumps

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await self._whole.wait()
                target.write(data)
                await target.drain()
        target.close()

    def end(self) -> None:
        for pump in self._pumps:
            pump.cancel()


@asynccontextmanager
async def laid(url: str, near: str = "127.0.0.1") -> AsyncIterator[tuple[Cable, str]]:
    """A cable to the server of that URL, and the URL at its near end, an address of this host."""
    parts = urlsplit(url)
    cable = Cable(str(parts.hostname), int(parts.port or 0))
    listening = await asyncio.start_server(cable.carry, near, 0)
    cable.port = listening.sockets[0].getsockname()[1]
    login, at, _ = parts.netloc.rpartition("@")
    try:
        yield cable, parts._replace(netloc=f"{login}{at}{near}:{cable.port}").geturl()
    finally:
        listening.close()
        cable.end()
