"""HTTP clients that outlive no event loop and no fork: one for each loop that calls.

Connections and locks belong to a loop and to a process: one that is shared with a forked child
would hand it another's answers.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import httpx2

Client = TypeVar("Client", bound=httpx2.AsyncClient)


class Clients(Generic[Client]):
    """`get` hands out the client of the running loop, made by `make`; `close` closes that one."""

    def __init__(self, make: Callable[[], Client]) -> None:
        self._make = make
        self._process = os.getpid()
        self._of: WeakKeyDictionary[asyncio.AbstractEventLoop, Client] = WeakKeyDictionary()
        self._parents: list[object] = []

    def get(self) -> Client:
        self._leave_parent()
        loop = asyncio.get_running_loop()
        if loop not in self._of:
            self._of[loop] = self._make()
        return self._of[loop]

    async def close(self) -> None:
        """A later `get` makes another."""
        self._leave_parent()
        if client := self._of.pop(asyncio.get_running_loop(), None):
            await client.aclose()

    def _leave_parent(self) -> None:
        if self._process != os.getpid():
            # Kept for ever: collected here, it would close what the parent has open.
            self._parents.append(self._of)
            self._process, self._of = os.getpid(), WeakKeyDictionary()
