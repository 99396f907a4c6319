"""Claude through its own SDK: the one file that imports `anthropic`.

What came back is read in `reading`; what a failure means is decided in `retry`; what a call costs
in `prices`; what is remembered in `ledger`. The SDK's own retries are off: they would sleep out an
hour and hide what they spent.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import httpx2
from anthropic import (
    AnthropicError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
)

from induction.llm.errors import ParkRun, StopRun
from induction.llm.reading import read
from induction.llm.retry import Failure, GiveUp, Kind, Park, Reject, Stop, Wait, decide
from induction.task_kinds.base import ModelAnswer, ModelRequest, Outcome

ADAPTER_VERSION = "claude/1"
"""Part of every ledger key: raise it when equal requests would go out differently."""
SAMPLE_HEADER = "x-sample"
"""Tells the offline model which repeat this is; the provider ignores it and is noisy by itself."""
TIMEOUT = timedelta(seconds=120)


async def _always() -> bool:
    return True


class Claude:
    """One connection pool to one provider. `sleep` and `jitter` (0 to 1) can be given by tests."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str | None = None,
        http_client: httpx2.AsyncClient | None = None,
        timeout: timedelta = TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = AsyncAnthropic(
            api_key=api_key,
            base_url=base_url,
            http_client=http_client,
            timeout=timeout.total_seconds(),
            max_retries=0,
        )
        self._sleep = sleep
        self._jitter = jitter

    async def close(self) -> None:
        await self._client.close()

    async def complete(
        self,
        request: ModelRequest,
        *,
        sample: int = 0,
        again: Callable[[], Awaitable[bool]] = _always,
    ) -> ModelAnswer:
        """The answer, or a typed failure. Raises `ParkRun` and `StopRun`, nothing else.

        `again` is asked before an attempt that follows one which may have been billed unread;
        without it the call ends as over budget. `attempts` counts what was sent, `ambiguous` those
        of it without a readable answer. Where the provider kept the answer from us, the text says
        how, in our words.
        """
        failures, ambiguous, waited = Counter[bool](), 0, 0.0
        while True:
            result = await self._attempt(request, sample)
            if not isinstance(result, Failure):
                return replace(result, attempts=failures.total() + 1, ambiguous=ambiguous)
            ambiguous += result.ambiguous
            failures[result.rate_limited] += 1
            attempt = failures[result.rate_limited]
            none = ModelAnswer(
                Outcome.UNAVAILABLE,
                str(result),
                attempts=failures.total(),
                ambiguous=ambiguous,
            )
            match decide(result, attempt, waited=waited, jitter=self._jitter()):
                case Stop():
                    raise StopRun(str(result), ambiguous=ambiguous)
                case Park(seconds):
                    raise ParkRun(seconds, str(result), ambiguous=ambiguous)
                case Reject():
                    return replace(none, outcome=Outcome.REJECTED)
                case GiveUp():
                    return none
                case Wait(seconds):
                    if result.ambiguous and not await again():
                        return replace(none, outcome=Outcome.OVER_BUDGET)
                    waited += seconds if result.rate_limited else 0
                    await self._sleep(seconds)

    async def _attempt(self, request: ModelRequest, sample: int) -> ModelAnswer | Failure:
        try:
            # Raw: the SDK would read any JSON as half a message, and some of it not at all.
            raw = await self._client.messages.with_raw_response.create(
                **request.messages(),
                extra_headers={SAMPLE_HEADER: str(sample)} if sample else None,
            )
        except APIStatusError as error:
            return _read(error.response)
        except APITimeoutError as error:
            unsent = isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
            return Failure(Kind.UNSENT if unsent else Kind.TIMEOUT)
        except APIConnectionError as error:
            unsent = isinstance(error.__cause__, httpx2.ConnectError)
            return Failure(Kind.UNSENT if unsent else Kind.CUT_OFF)
        except (AnthropicError, httpx2.HTTPError, ValueError, RecursionError):
            # The SDK made nothing of it: an error's body that is nested a thousand deep.
            return Failure(Kind.UNREADABLE)
        return _read(raw.http_response)


def _read(response: httpx2.Response) -> ModelAnswer | Failure:
    return read(response.status_code, response.headers, response.content)
