"""How what is logged reaches nlu-logger. A service knows only the `Transport`.

`HttpTransport` posts at once and gives up after three tries. It loses what cannot be delivered in
that time, counts it and says so. `spool.Spool` keeps it on disk until it is there.
"""

import logging
from typing import Protocol
from uuid import UUID

from nlu_shared.client.api import Api
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
    """One POST per fact. Repeats are safe: a prediction carries its id, an outcome replaces."""

    def __init__(self, api: Api) -> None:
        self.dropped = 0
        self._api = api

    async def log(self, prediction: PredictionIn) -> None:
        try:
            await self._api.post("/v1/predictions", Logged, prediction, tries=TRIES)
        except ClientError as error:
            self._drop("prediction", prediction.id, error)

    async def outcome(self, log_id: UUID, outcome: OutcomeIn) -> None:
        path = f"/v1/predictions/{log_id}/outcome"
        try:
            await self._api.post(path, Prediction, outcome, tries=TRIES)
        except ClientError as error:
            self._drop("outcome", log_id, error)

    async def close(self) -> None:
        await self._api.close()

    def _drop(self, what: str, log_id: UUID | None, error: ClientError) -> None:
        self.dropped += 1
        log.error("%s not logged log_id=%s dropped=%d: %s", what, log_id, self.dropped, error)
