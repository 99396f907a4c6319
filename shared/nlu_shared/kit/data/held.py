"""Values held for a moment, each read once for all who ask for it meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(slots=True)
class Held(Generic[Key, Value]):
    """`seconds`: how old a value may be, from when it began to be read; 0: each asker reads."""

    seconds: float
    _values: dict[Key, tuple[float, Value]] = field(default_factory=dict, init=False)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def get(self, key: Key, read: Callable[[], Awaitable[Value]]) -> Value:
        """Raises what `read` raises, which is not held."""
        if self.seconds == 0:
            return await read()
        if (held := self._fresh(key)) is None:
            async with self._reading:
                if (held := self._fresh(key)) is None:
                    began = time.monotonic()
                    held = self._values[key] = began + self.seconds, await read()
        return held[1]

    def _fresh(self, key: Key) -> tuple[float, Value] | None:
        held = self._values.get(key)
        return held if held is not None and time.monotonic() < held[0] else None
