"""One call of a model, in the form of its provider, over the HTTP client a backend has anyway.

The SDKs are not needed for it: the body is made by the function that makes it in a measurement, and
an answer is read by the same function as there.
"""

import asyncio
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import httpx2

from nlu_shared.backoff import BRIEF, requested_seconds
from nlu_shared.certificates import trusted
from nlu_shared.client.errors import ClientError
from nlu_shared.client.loops import Clients
from nlu_shared.rendering import ModelAnswer, ModelRequest, as_bytes, body_of
from nlu_shared.rendering.answers import read_completion, read_message
from nlu_shared.schemas.endpoints import TIMEOUT_SECONDS, WHOLE, ApiForm, Dialect

VERSION = "2026-10-21"
CONNECT_SECONDS = 5.0
AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same request may be answered."""
KEY, HEADERS = "NLU_MODEL_KEY", "NLU_MODEL_HEADERS"
NO_KEY = "offline"
"""The Messages API wants a key; the model that ships takes any."""


class ModelFailed(ClientError):
    """The model gave no answer that can be used; the message says why, in our words."""


class ModelApi(ABC):
    """One server, asked in one form. `url` is its address, up to the path of the form; `key_name`
    the variable that its key is from; `headers` go with every request, and come before those of the
    form with the same names."""

    form: ClassVar[ApiForm]
    path: ClassVar[str]

    def __init__(
        self,
        *,
        url: str,
        key: str | None = None,
        key_name: str = KEY,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._url = f"{url.rstrip('/')}{self.path}"
        self._own = {**self.headers(key), "Content-Type": "application/json"}
        self._extra = headers
        self._names = f"{key_name} or {HEADERS}" if headers else key_name
        self._clients = Clients(lambda: httpx2.AsyncClient(verify=trusted()))

    def headers(self, key: str | None) -> Mapping[str, str]:
        """Beside the kind of the body."""
        return {} if key is None else {"Authorization": f"Bearer {key}"}

    @abstractmethod
    def read(self, body: Any) -> ModelAnswer | None:
        """The answer in the parsed body of a response; None where there is none."""

    async def complete(
        self,
        request: ModelRequest,
        dialect: Dialect | None = None,
        *,
        seconds: float = TIMEOUT_SECONDS,
    ) -> ModelAnswer:
        """In the whole of the form, where no dialect is named. Tried as often as `BRIEF` says,
        where that may help, for so many seconds each time. Raises ModelFailed."""
        try:
            body = as_bytes(body_of(request, self.form, dialect or WHOLE[self.form]))
        except (ValueError, RecursionError):
            raise ModelFailed("the text cannot be sent: it has no form in UTF-8") from None
        timeout = httpx2.Timeout(seconds, connect=CONNECT_SECONDS)
        tried = 0
        while True:
            try:
                answer = await self._clients.get().post(
                    self._url, content=body, headers=self._headers(), timeout=timeout
                )
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                why, after, may_repeat = type(error).__name__, None, True
            except ValueError:
                raise ModelFailed(f"{self._names} cannot be sent: it is plain ASCII") from None
            else:
                if answer.is_success and (read := self.read(_json(answer.content))):
                    return read
                why, after = f"status {answer.status_code}", answer.headers.get("retry-after")
                may_repeat = answer.is_success or answer.status_code in AGAIN
            tried += 1
            requested = requested_seconds(after)
            wait = BRIEF.wait(tried, jitter=random.random(), requested=requested)  # noqa: S311
            if wait is None or not may_repeat:
                raise ModelFailed(f"the model did not answer: {why}")
            await asyncio.sleep(wait)

    async def close(self) -> None:
        await self._clients.close()

    def _headers(self) -> httpx2.Headers:
        """Raises ValueError where one is not plain ASCII."""
        headers = httpx2.Headers(self._own)
        headers.update(self._extra)
        return headers


class MessagesApi(ModelApi):
    """A server of the Messages API."""

    form, path = ApiForm.MESSAGES, "/v1/messages"

    def headers(self, key: str | None) -> Mapping[str, str]:
        return {**super().headers(key or NO_KEY), "anthropic-version": VERSION}

    def read(self, body: Any) -> ModelAnswer | None:
        return read_message(body)


class ChatCompletionsApi(ModelApi):
    """A server of the chat-completions API."""

    form, path = ApiForm.CHAT_COMPLETIONS, "/chat/completions"

    def read(self, body: Any) -> ModelAnswer | None:
        return read_completion(body)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
