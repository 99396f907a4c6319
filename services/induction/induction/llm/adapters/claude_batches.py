"""Claude's Message Batches; the body of a request is the same in one and alone.

What comes back is read in `batch_reading`. Nothing is repeated here: what a failure means depends
on what was asked, and `batches` knows it.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import quote

import httpx2
from nlu_shared.rendering import body_of
from nlu_shared.schemas.endpoints import ApiForm, Dialect

from induction.llm.adapters.batch_reading import (
    read_batch,
    read_deleted,
    read_page,
    read_results,
)
from induction.llm.adapters.batching import ProviderBatch, Result
from induction.llm.retry import Failure
from induction.task_kinds.base import ModelRequest

PAGE = 100
SECONDS = 600.0
"""For sending or reading a whole batch."""
Receive = Callable[[Awaitable[Any]], Awaitable[httpx2.Response | Failure]]


class ClaudeBatches:
    """`client` is the SDK's; `receive` makes of what it raises what came back."""

    def __init__(self, client: Any, receive: Receive) -> None:
        self._client = client
        self._raw = client.messages.batches.with_raw_response
        self._receive = receive

    async def create(
        self, requests: Iterable[tuple[str, ModelRequest]], dialect: Dialect
    ) -> ProviderBatch | Failure:
        """One batch of these requests, each by its custom id."""
        bodies = [
            {"custom_id": name, "params": body_of(request, ApiForm.MESSAGES, dialect)}
            for name, request in requests
        ]
        received = await self._receive(self._raw.create(requests=bodies, timeout=SECONDS))
        return received if isinstance(received, Failure) else read_batch(*_parts(received))

    async def retrieve(self, id: str) -> ProviderBatch | Failure:
        received = await self._receive(self._raw.retrieve(id))
        return received if isinstance(received, Failure) else read_batch(*_parts(received))

    async def cancel(self, id: str) -> ProviderBatch | Failure:
        received = await self._receive(self._raw.cancel(id))
        return received if isinstance(received, Failure) else read_batch(*_parts(received))

    async def delete(self, id: str) -> Failure | None:
        """Of one that has ended, with its results; None: it is gone."""
        received = await self._receive(self._raw.delete(id))
        if isinstance(received, Failure):
            return received
        return read_deleted(*_parts(received))

    async def listed(self, after: str | None) -> tuple[list[ProviderBatch], bool] | Failure:
        """The newest first, from after one of them; whether there are older ones."""
        more = {} if after is None else {"after_id": after}
        received = await self._receive(self._raw.list(limit=PAGE, **more))
        return received if isinstance(received, Failure) else read_page(*_parts(received))

    async def results(self, id: str) -> dict[str, Result] | Failure:
        """By custom id. Of an address of our own: the one that a provider names need not be that
        of the gateway it is reached by."""
        path = f"/v1/messages/batches/{quote(id, safe='')}/results"
        reading = self._client.get(path, cast_to=httpx2.Response, options={"timeout": SECONDS})
        received = await self._receive(reading)
        return received if isinstance(received, Failure) else read_results(*_parts(received))


def _parts(response: httpx2.Response) -> tuple[int, httpx2.Headers, bytes]:
    return response.status_code, response.headers, response.content
