"""How what is logged reaches nlu-logger. A service knows only the `Transport`.

`HttpTransport` posts at once and gives up after three tries. It loses what cannot be delivered in
that time, counts it and says so. `spool.Spool` keeps it on disk until it is there.
"""

import asyncio
import logging
from contextlib import suppress
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel

from nlu_shared.client.api import Answer, Api
from nlu_shared.client.background import Background, result_of
from nlu_shared.client.errors import ClientError
from nlu_shared.schemas.predictions import Logged, OutcomeIn, Prediction, PredictionIn

log = logging.getLogger(__name__)
TRIES = 3


class Transport(Protocol):
    """Takes what is to be logged and never raises. `dropped` counts what it had to let go."""

    @property
    def dropped(self) -> int: ...

    async def log(self, prediction: PredictionIn) -> None: ...

    async def outcome(self, log_id: UUID, outcome: OutcomeIn) -> None: ...

    async def close(self) -> None: ...


class HttpTransport:
    """One POST per fact. Repeats are safe: a prediction carries its id, an outcome replaces.

    Posts go out on a thread of its own, so that any loop, thread or forked child may call; a call
    that is cancelled, or in flight when the program ends, is still delivered, or counted.
    """

    def __init__(self, api: Api) -> None:
        self.dropped = 0
        self._api = api
        self._background = Background()
        self._closed = False

    async def log(self, prediction: PredictionIn) -> None:
        await self._send("prediction", prediction.id, "/v1/predictions", Logged, prediction)

    async def outcome(self, log_id: UUID, outcome: OutcomeIn) -> None:
        path = f"/v1/predictions/{log_id}/outcome"
        await self._send("outcome", log_id, path, Prediction, outcome)

    async def close(self) -> None:
        """Delivers what is in flight, for a few seconds at most. What is left then, and what is
        logged later, is dropped, and counted."""
        self._closed = True
        if self._background.started:
            for end in (self._background.settle, lambda: self._background.submit(self._api.close)):
                with suppress(Exception):
                    await result_of(end())
            self._background.close()

    async def _send(
        self, what: str, log_id: UUID | None, path: str, answer: type[Answer], body: BaseModel
    ) -> None:
        async def post() -> None:
            try:
                await self._api.post(path, answer, body, tries=TRIES)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - worth no caller
                self._drop(what, log_id, error)

        try:
            if self._closed:
                raise RuntimeError("closed")
            future = self._background.submit(post)
        except (RuntimeError, ClientError) as error:
            self._drop(what, log_id, error)
        else:
            await result_of(future)

    def _drop(self, what: str, log_id: UUID | None, error: BaseException) -> None:
        self.dropped += 1
        reason = str(error) if isinstance(error, ClientError) else type(error).__name__
        log.error("%s not logged log_id=%s dropped=%d: %s", what, log_id, self.dropped, reason)
