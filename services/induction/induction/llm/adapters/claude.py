"""Claude through its own SDK: the one file that imports `anthropic`.

What came back is read in `reading`; a failed attempt is repeated by `attempts`; what a call costs
is known by `prices`, what is remembered by `ledger`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
from anthropic import (
    AnthropicError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    DefaultAsyncHttpxClient,
)
from nlu_shared.certificates import trusted
from nlu_shared.rendering import body_of
from nlu_shared.schemas.endpoints import NEWER_LENGTH, TIMEOUT_SECONDS, ApiForm, Dialect

from induction.llm.adapters.attempts import Again, always, settled
from induction.llm.adapters.claude_batches import ClaudeBatches
from induction.llm.adapters.reading import read_message
from induction.llm.retry import Failure, Kind
from induction.llm.servers import Capacity
from induction.task_kinds.base import ModelAnswer, ModelRequest

ADAPTER_VERSION = "claude/1"
"""Part of every ledger key: raise it when equal requests would go out differently."""
SAMPLE_HEADER = "x-sample"
"""Tells the offline model which repeat this is; the provider ignores it and is noisy by itself."""
TIMEOUT = timedelta(seconds=TIMEOUT_SECONDS)
DIALECT = Dialect(length_field=NEWER_LENGTH)
"""The Messages API has one name for the length only, and no temperature any more."""


class Claude:
    """One connection pool to one provider. `sleep` and `jitter` (0 to 1) can be given by tests."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        http_client: httpx2.AsyncClient | None = None,
        timeout: timedelta = TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = AsyncAnthropic(
            api_key=api_key,
            base_url=base_url,
            default_headers=headers,
            http_client=http_client
            or DefaultAsyncHttpxClient(verify=trusted(), follow_redirects=False),
            timeout=timeout.total_seconds(),
            max_retries=0,
        )
        self._sleep = sleep
        self._jitter = jitter
        self.batches = ClaudeBatches(self._client, _received)

    async def close(self) -> None:
        await self._client.close()

    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Again = always,
        dialect: Dialect = DIALECT,
    ) -> ModelAnswer:
        """The answer, or a typed failure; see `attempts.settled`."""
        return await settled(
            partial(self._attempt, request, sample, dialect),
            again=again,
            sleep=self._sleep,
            jitter=self._jitter,
        )

    async def capacity(self, model: str) -> Capacity:
        """The Messages API does not tell."""
        return Capacity()

    async def _attempt(
        self, request: ModelRequest, sample: int, dialect: Dialect
    ) -> ModelAnswer | Failure:
        received = await _received(
            # Raw: the SDK would read any JSON as half a message, and some of it not at all.
            self._client.messages.with_raw_response.create(
                **body_of(request, ApiForm.MESSAGES, dialect),
                extra_headers={SAMPLE_HEADER: str(sample)} if sample else None,
            )
        )
        if isinstance(received, Failure):
            return received
        return read_message(received.status_code, received.headers, received.content)


async def _received(sending: Awaitable[Any]) -> httpx2.Response | Failure:
    """What came back, whatever its status; raises nothing that a provider could cause."""
    try:
        answered = await sending
    except APIStatusError as error:
        return error.response
    except APITimeoutError as error:
        unsent = isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
        return Failure(Kind.UNSENT if unsent else Kind.TIMEOUT)
    except APIConnectionError as error:
        unsent = isinstance(error.__cause__, httpx2.ConnectError)
        return Failure(Kind.UNSENT if unsent else Kind.CUT_OFF)
    except (AnthropicError, httpx2.HTTPError, ValueError, RecursionError):
        # The SDK made nothing of it: an error's body that is nested a thousand deep.
        return Failure(Kind.UNREADABLE)
    response: httpx2.Response = getattr(answered, "http_response", answered)
    return response
