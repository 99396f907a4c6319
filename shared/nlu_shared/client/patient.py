"""HTTP clients that call again when they are asked to: the one place that obeys `Retry-After`.

Only 429 and 503 with that header: they promise that nothing was done, so that anything may be sent
again. What broke on the way is not repeated here; whether it may be is known to the caller alone.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2

from nlu_shared.backoff import BRIEF, LASTING, Patience, requested_seconds
from nlu_shared.certificates import trusted

WELCOME_LATER = frozenset({429, 503})
Waiting = Callable[[float], None]
"""Hears how many seconds will be waited."""


class PatientClient(httpx2.AsyncClient):
    """`patience=None` hands every answer on as it comes."""

    def __init__(self, *, patience: Patience | None = BRIEF, **options: Any) -> None:
        super().__init__(**{"verify": trusted()} | options)
        self._patience = patience

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        failures = 0
        while True:
            response = await super().send(request, **how)
            failures += 1
            seconds = _seconds(response, self._patience, failures)
            if seconds is None:
                return response
            await response.aclose()
            await asyncio.sleep(seconds)


class PatientBlockingClient(httpx2.Client):
    """For a command: `waiting` hears of every wait, so that no silence is long."""

    def __init__(
        self, *, patience: Patience = LASTING, waiting: Waiting = lambda _: None, **options: Any
    ) -> None:
        super().__init__(**{"verify": trusted()} | options)
        self._patience = patience
        self._waiting = waiting

    def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        failures = 0
        while True:
            response = super().send(request, **how)
            failures += 1
            seconds = _seconds(response, self._patience, failures)
            if seconds is None:
                return response
            response.close()
            self._waiting(seconds)
            time.sleep(seconds)


def unanswered(error: httpx2.HTTPError) -> str:
    """Who gave no whole answer, and why, on one line: without a path, which holds names and ids."""
    try:
        url = error.request.url
    except RuntimeError:  # it was no request yet
        address = "the address"
    else:
        address = f"{url.scheme}://{url.netloc.decode()}" if url.host else "what is no address"
    return f"no whole answer from {address}: {error or type(error).__name__}"


def _seconds(response: httpx2.Response, patience: Patience | None, failures: int) -> float | None:
    """Until the same request is sent again; None: this is the answer."""
    if patience is None or response.status_code not in WELCOME_LATER:
        return None
    requested = requested_seconds(response.headers.get("retry-after"), datetime.now(UTC))
    if requested is None:
        return None
    chance = random.random()  # noqa: S311
    return patience.wait(failures, jitter=chance, requested=requested)
