"""Answers that many may ask for at once, and one computes: pages that need no key."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Kept(Generic[Answer]):
    answer: Answer
    until: float


def shared(
    *, seconds: float
) -> Callable[[Callable[[Any], Awaitable[Answer]]], Callable[[Any], Awaitable[Answer]]]:
    """Who asks while it is being answered gets that answer, and so do all for `seconds` after.

    A failure is shared with those who waited for it, and not kept.
    """

    def around(ask: Callable[[Any], Awaitable[Answer]]) -> Callable[[Any], Awaitable[Answer]]:
        kept: _Kept[Answer] | None = None
        pending: asyncio.Future[Answer] | None = None

        @wraps(ask)
        async def answered(request: Any) -> Answer:
            nonlocal pending, kept
            if kept is not None and kept.until > time.monotonic():
                return kept.answer
            if pending is None or pending.done():
                pending = asyncio.ensure_future(ask(request))
            # Whoever goes away meanwhile takes nothing from the others.
            answer = await asyncio.shield(pending)
            kept = _Kept(answer, time.monotonic() + seconds)
            return answer

        return answered

    return around
