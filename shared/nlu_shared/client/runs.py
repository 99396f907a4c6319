"""A run as it happens: typed events from induction's stream, over any number of connections."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from uuid import UUID

import httpx2
from pydantic import ValidationError

from nlu_shared.backoff import LASTING
from nlu_shared.client.api import Api, check, induction_api, pause, unreachable
from nlu_shared.client.errors import Unavailable, UnexpectedAnswer, Unreachable
from nlu_shared.schemas.events import (
    EVENT,
    EvaluationProgress,
    RunFinished,
    StoredEvent,
    Streamed,
)
from nlu_shared.schemas.standing import CancelRequested, RunWaits

PATIENCE = 30
"""Connections in a row that may fail or bring nothing (about a minute) before giving up."""


async def follow_run(
    run_id: UUID, *, url: str | None = None, key: str | None = None, after: str | None = None
) -> AsyncGenerator[StoredEvent | EvaluationProgress]:
    """Every stored event of the run after the event id `after`, each once and in order, and the
    progress between them. Ends with the run.

    Who stops before the end closes it (`contextlib.aclosing`), or leaves the connection to the
    garbage collector. A broken connection is opened again where it stopped. Raises Unreachable or
    Unavailable when patience is used up, and any other Refused at once.
    """
    async with induction_api(url, key) as api:
        stream = _Stream(api, run_id, after)
        failures = 0
        while not stream.over:
            seen = stream.last_event_id
            try:
                async with aclosing(stream.read()) as events:
                    async for event in events:
                        yield event
            except (Unreachable, Unavailable) as error:
                failures = failures + 1 if stream.last_event_id == seen else 1
                if failures >= PATIENCE:
                    raise
                await asyncio.sleep(max(pause(failures), _requested(error)))


class _Stream:
    """Where the reading stands between two connections."""

    def __init__(self, api: Api, run_id: UUID, after: str | None) -> None:
        self.over = False
        self.last_event_id = after
        self._api = api
        self._path = f"/v1/runs/{run_id}/events"

    async def read(self) -> AsyncGenerator[StoredEvent | EvaluationProgress]:
        """One connection's events. Raises Unreachable when it ends before the run does."""
        try:
            async with self._api.stream(self._path, last_event_id=self.last_event_id) as source:
                if source.response.status_code == HTTPStatus.NO_CONTENT:
                    self.over = True
                    return
                if source.response.is_error:
                    await source.response.aread()
                    check(source.response)
                async for message in source:
                    if not message.data:
                        continue
                    event = _event(message.data)
                    if isinstance(event, CancelRequested | RunWaits):
                        continue
                    self.last_event_id = message.id or self.last_event_id
                    self.over = isinstance(event, RunFinished)
                    yield event
                    if self.over:
                        return
        except httpx2.RequestError as error:
            raise unreachable(self._api.url, error) from error
        raise Unreachable(f"the stream from {self._api.url} ended before the run")


def _requested(error: Unreachable | Unavailable) -> float:
    requested = error.retry_after if isinstance(error, Unavailable) else None
    return min(requested or 0.0, LASTING.most)


def _event(data: str) -> Streamed:
    try:
        return EVENT.validate_json(data)
    except ValidationError as error:
        raise UnexpectedAnswer("the stream holds an event this client does not know") from error
