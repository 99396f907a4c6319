"""One call of a model by the Messages API, over the HTTP client a backend has anyway.

The SDK is not needed for it: the body is the renderer's, byte for byte what was measured, and an
answer is read by the same function as in a measurement.
"""

import asyncio
import json
import random
from typing import Any

import httpx2

from nlu_shared.backoff import BRIEF, requested_seconds
from nlu_shared.certificates import trusted
from nlu_shared.client.errors import ClientError
from nlu_shared.client.loops import Clients
from nlu_shared.environment import variable
from nlu_shared.rendering import ModelAnswer, ModelRequest, as_bytes
from nlu_shared.rendering.answers import read_message

VERSION = "2026-10-21"
TIMEOUT = httpx2.Timeout(60, connect=5)
URL, KEY = "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"
AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
"""Statuses after which the same request may be answered."""


class ModelFailed(ClientError):
    """The model gave no answer that can be used; the message says why, in our words."""


class MessagesApi:
    """`url` and `key` default to ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY."""

    def __init__(self, *, url: str | None = None, key: str | None = None) -> None:
        base = url or variable(URL) or "https://api.anthropic.com"
        self._url = f"{base.rstrip('/')}/v1/messages"
        self._headers = {
            "Authorization": f"Bearer {key or variable(KEY) or 'offline'}",
            "anthropic-version": VERSION,
            "Content-Type": "application/json",
        }
        self._clients = Clients(lambda: httpx2.AsyncClient(timeout=TIMEOUT, verify=trusted()))

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Tried as often as `BRIEF` says, where that may help. Raises ModelFailed."""
        try:
            body = as_bytes(request.messages())
        except (ValueError, RecursionError):
            raise ModelFailed("the text cannot be sent: it has no form in UTF-8") from None
        tried = 0
        while True:
            try:
                answer = await self._clients.get().post(
                    self._url, content=body, headers=self._headers
                )
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                why, after, may_repeat = type(error).__name__, None, True
            except ValueError:
                raise ModelFailed(f"{KEY} cannot be sent: a key is plain ASCII") from None
            else:
                if answer.is_success and (read := read_message(_json(answer.content))):
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


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
