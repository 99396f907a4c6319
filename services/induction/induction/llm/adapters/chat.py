"""Servers of the chat-completions API through OpenAI's SDK: the one file that imports `openai`.

As of Claude: what came back is read in `reading`, a failed attempt is repeated by `attempts`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
from nlu_shared.certificates import trusted
from nlu_shared.rendering import body_of
from nlu_shared.schemas.endpoints import TIMEOUT_SECONDS, WHOLE, ApiForm, Dialect
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAsyncHttpxClient,
    OpenAIError,
)

from induction.llm.adapters.attempts import Again, always, settled
from induction.llm.adapters.reading import read_completion
from induction.llm.retry import Failure, Kind
from induction.llm.servers import Capacity
from induction.task_kinds.base import ModelAnswer, ModelRequest

ADAPTER_VERSION = "chat/1"
"""Part of every ledger key: raise it when equal requests would go out differently."""
NO_KEY = "none"
"""The SDK wants a key; a server that asks for none takes any."""
TIMEOUT = timedelta(seconds=TIMEOUT_SECONDS)
DIALECT = WHOLE[ApiForm.CHAT_COMPLETIONS]
WINDOW_FIELDS = ("max_model_len", "context_length", "n_ctx", "n_ctx_train")
PROBE_SECONDS = 5.0
MOST_SLOTS = 10_000


class Chat:
    """One connection pool to one server. `sleep` and `jitter` (0 to 1) can be given by tests."""

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None = None,
        headers: Mapping[str, str] | None = None,
        http_client: httpx2.AsyncClient | None = None,
        timeout: timedelta = TIMEOUT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = AsyncOpenAI(
            api_key=api_key or NO_KEY,
            base_url=base_url,
            default_headers=headers,
            http_client=http_client
            or DefaultAsyncHttpxClient(verify=trusted(), follow_redirects=False),
            timeout=timeout.total_seconds(),
            max_retries=0,
        )
        self._sleep = sleep
        self._jitter = jitter

    @property
    def batches(self) -> None:
        """Its servers take files of requests, each provider in its own way; none is asked so."""
        return None

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
        """The answer, or a typed failure; see `attempts.settled`. A server that takes a temperature
        is asked at 0, so that equal requests mostly get equal answers; `sample` then has no
        meaning but to ask again."""
        return await settled(
            partial(self._attempt, body_of(request, ApiForm.CHAT_COMPLETIONS, dialect)),
            again=again,
            sleep=self._sleep,
            jitter=self._jitter,
        )

    async def capacity(self, model: str) -> Capacity:
        """The window, where the list of models tells (vLLM, OpenRouter and llama.cpp, each under a
        name of their own), and how many calls llama.cpp works on at once."""
        try:
            listed = await self._json("/models")
            props = await self._json(self._root + "/props") if is_llama_cpp(listed) else None
        except (OpenAIError, httpx2.HTTPError, ValueError, RecursionError):
            return Capacity()
        slots = props.get("total_slots") if isinstance(props, dict) else None
        is_count = type(slots) is int and 0 < slots <= MOST_SLOTS
        return Capacity(window=window_in(listed, model), slots=slots if is_count else None)

    @property
    def _root(self) -> str:
        return str(self._client.base_url.copy_with(path="/")).rstrip("/")

    async def _json(self, path: str) -> Any:
        client = self._client.with_options(timeout=PROBE_SECONDS)
        response = await client.get(path, cast_to=httpx2.Response)
        return response.json()

    async def _attempt(self, body: dict[str, Any]) -> ModelAnswer | Failure:
        try:
            # Raw: the SDK would read any JSON as half a completion, and some of it not at all.
            raw = await self._client.chat.completions.with_raw_response.create(**body)
        except APIStatusError as error:
            return _read(error.response)
        except APITimeoutError as error:
            unsent = isinstance(error.__cause__, httpx2.ConnectTimeout | httpx2.PoolTimeout)
            return Failure(Kind.UNSENT if unsent else Kind.TIMEOUT)
        except APIConnectionError as error:
            unsent = isinstance(error.__cause__, httpx2.ConnectError)
            return Failure(Kind.UNSENT if unsent else Kind.CUT_OFF)
        except (OpenAIError, httpx2.HTTPError, ValueError, RecursionError):
            return Failure(Kind.UNREADABLE)
        return _read(raw.http_response)


def window_in(listed: Any, model: str) -> int | None:
    """The window of a model in a server's list; of the only one, whatever it is called."""
    entries = _entries(listed)
    named = [one for one in entries if one.get("id") == model] or entries
    if len(named) != 1:
        return None
    meta = named[0].get("meta")
    places = (named[0], meta if isinstance(meta, dict) else {})
    sizes = [place.get(name) for place in places for name in WINDOW_FIELDS]
    return next((size for size in sizes if type(size) is int and size > 0), None)


def is_llama_cpp(listed: Any) -> bool:
    """Whether that is llama.cpp's list of models."""
    return any(one.get("owned_by") == "llamacpp" for one in _entries(listed))


def _entries(listed: Any) -> list[dict[str, Any]]:
    entries = listed.get("data") if isinstance(listed, dict) else None
    return [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []


def _read(response: httpx2.Response) -> ModelAnswer | Failure:
    return read_completion(response.status_code, response.headers, response.content)
