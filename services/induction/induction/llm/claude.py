"""Claude through its own SDK: the one file that imports `anthropic`.

What a failure means is decided in `retry`; what a call costs in `prices`; what is remembered in
`ledger`. The SDK's own retries are off: they would sleep out an hour and hide what they spent.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeGuard

import httpx2
from anthropic import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
)
from anthropic.types import Message, TextBlockParam

from induction.llm.errors import ParkRun, StopRun
from induction.llm.retry import Failure, GiveUp, Kind, Park, Stop, Wait, decide
from induction.tasks.base import ModelAnswer, ModelRequest, Outcome, Usage

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

        `again` is asked before an attempt that follows one which may have been billed unread.
        `attempts` counts what was sent, `ambiguous` those of it without a readable answer.
        """
        failures, ambiguous, waited = Counter[bool](), 0, 0.0
        while True:
            result = await self._attempt(request, sample)
            if not isinstance(result, Failure):
                return _answer(result, failures.total() + 1, ambiguous)
            ambiguous += result.ambiguous
            failures[result.rate_limited] += 1
            attempt = failures[result.rate_limited]
            match decide(result, attempt, waited=waited, jitter=self._jitter()):
                case Stop():
                    raise StopRun(str(result), ambiguous=ambiguous)
                case Park(seconds):
                    raise ParkRun(seconds, str(result), ambiguous=ambiguous)
                case GiveUp():
                    return _unavailable(failures, ambiguous)
                case Wait(seconds):
                    if result.ambiguous and not await again():
                        return _unavailable(failures, ambiguous)
                    waited += seconds if result.rate_limited else 0
                    await self._sleep(seconds)

    async def _attempt(self, request: ModelRequest, sample: int) -> Message | Failure:
        try:
            message: object = await self._client.messages.create(
                model=request.model,
                max_tokens=request.max_tokens,
                system=_system(request),
                messages=[{"role": "user", "content": request.user}],
                output_config={"format": {"type": "json_schema", "schema": dict(request.schema)}},
                extra_headers={SAMPLE_HEADER: str(sample)} if sample else None,
            )
        except APIStatusError as error:
            return Failure(
                Kind.STATUS,
                error.status_code,
                error.error_code,
                error.response.headers.get("retry-after"),
                error.api_message or error.response.reason_phrase,
            )
        except APITimeoutError as error:
            unsent = isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
            return Failure(Kind.UNSENT if unsent else Kind.TIMEOUT, message=error.message)
        except APIConnectionError as error:
            unsent = isinstance(error.__cause__, httpx2.ConnectError)
            return Failure(Kind.UNSENT if unsent else Kind.CUT_OFF, message=error.message)
        except (APIError, httpx2.HTTPError, json.JSONDecodeError, UnicodeDecodeError):
            return Failure(Kind.UNREADABLE, message="the body is no JSON")
        return message if _is_whole(message) else Failure(Kind.UNREADABLE, message="no message")


def _unavailable(failures: Counter[bool], ambiguous: int) -> ModelAnswer:
    return ModelAnswer(Outcome.UNAVAILABLE, attempts=failures.total(), ambiguous=ambiguous)


def _is_whole(message: object) -> TypeGuard[Message]:
    """The SDK hands on a page of HTML as a string, and any JSON object as a half-empty Message."""
    usage = getattr(message, "usage", None)
    return isinstance(getattr(message, "content", None), list) and isinstance(
        getattr(usage, "input_tokens", None), int
    )


def _system(request: ModelRequest) -> list[TextBlockParam]:
    blocks: list[TextBlockParam] = [
        {"type": "text", "text": text} for text in request.system if text
    ]
    if blocks:
        blocks[-1]["cache_control"] = {"type": "ephemeral"}
    return blocks


def _answer(message: Message, attempts: int, ambiguous: int) -> ModelAnswer:
    text = "".join(block.text for block in message.content if block.type == "text")
    usage = Usage(
        input_tokens=message.usage.input_tokens,
        cache_creation_input_tokens=message.usage.cache_creation_input_tokens or 0,
        cache_read_input_tokens=message.usage.cache_read_input_tokens or 0,
        output_tokens=message.usage.output_tokens,
    )
    return ModelAnswer(_outcome(message.stop_reason, text), text, usage, attempts, ambiguous)


def _outcome(stop_reason: str | None, text: str) -> Outcome:
    if stop_reason in ("max_tokens", "model_context_window_exceeded"):
        return Outcome.CUT
    if stop_reason == "refusal":
        return Outcome.REFUSED
    try:
        json.loads(text)
    except ValueError:
        return Outcome.MALFORMED
    return Outcome.OK
