"""HTTP clients that outlive no event loop and no fork: one for each loop that calls."""

import asyncio
import os
from weakref import WeakKeyDictionary

import httpx2


class Clients:
    """`get` hands out the client of the running loop; `close` closes that one."""

    def __init__(self, *, timeout: httpx2.Timeout) -> None:
        self._timeout = timeout
        self._process = os.getpid()
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = (
            WeakKeyDictionary()
        )

    def get(self) -> httpx2.AsyncClient:
        if self._process != os.getpid():  # what is open belongs to the parent
            self._process, self._by_loop = os.getpid(), WeakKeyDictionary()
        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            self._by_loop[loop] = httpx2.AsyncClient(timeout=self._timeout)
        return self._by_loop[loop]

    async def close(self) -> None:
        client = self._by_loop.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()
