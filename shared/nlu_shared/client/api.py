"""The one way out: an HTTP call with a key, answers read by type, failures by name."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError

from nlu_shared.backoff import backoff
from nlu_shared.client.errors import Unavailable, UnexpectedAnswer, Unreachable, refusal
from nlu_shared.environment import given

TIMEOUT = httpx2.Timeout(10, connect=2)
"""Seconds. A service answers 503 within 2 s when its database is away."""
STREAM_TIMEOUT = httpx2.Timeout(60, connect=2)
"""Seconds. A stream is pinged more often than this, so a longer silence is a dead connection."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
"""Seconds between tries: doubled, jittered, and never more than the longest."""
JSON, NDJSON = "application/json", "application/x-ndjson"

Params = Mapping[str, str | int | float | bool | None]
Answer = TypeVar("Answer")


class Api:
    """One service's address and key, with one connection pool."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._client = httpx2.AsyncClient(
            timeout=TIMEOUT, headers={"Authorization": f"Bearer {key}"} if key else {}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, answer: type[Answer], params: Params | None = None) -> Answer:
        """Reading changes nothing, so it is tried three times."""
        response = await self.send("GET", path, params=params, tries=3)
        return read(answer, response)

    async def post(
        self, path: str, answer: type[Answer], body: BaseModel | None = None, *, tries: int = 1
    ) -> Answer:
        """More than one of `tries` only where the service knows a repeat when it sees one."""
        return read(answer, await self.send("POST", path, body=body, tries=tries))

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: BaseModel | bytes | None = None,
        params: Params | None = None,
        tries: int = 1,
    ) -> httpx2.Response:
        """Any answer below 400; a body of bytes goes as NDJSON. Raises Unreachable or Refused
        when all tries are used up."""
        tried = 0
        while True:
            try:
                return await self._once(method, path, body, params)
            except (Unreachable, Unavailable) as error:
                tried += 1
                if tried >= tries:
                    raise
                await asyncio.sleep(pause(tried, _retry_after(error)))

    def stream(
        self, path: str, *, last_event_id: str | None
    ) -> AbstractAsyncContextManager[httpx2.EventSource]:
        """Server-sent events; the caller looks at the response's status before reading them."""
        resume = {"Last-Event-ID": last_event_id} if last_event_id else {}
        return self._client.sse(self.url + path, headers=resume, timeout=STREAM_TIMEOUT)

    async def _once(
        self, method: str, path: str, body: BaseModel | bytes | None, params: Params | None
    ) -> httpx2.Response:
        lines = isinstance(body, bytes)
        try:
            response = await self._client.request(
                method,
                self.url + path,
                params={name: value for name, value in (params or {}).items() if value is not None},
                content=body.model_dump_json() if isinstance(body, BaseModel) else body,
                headers=None if body is None else {"Content-Type": NDJSON if lines else JSON},
            )
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise unreachable(self.url, error) from error
        check(response)
        return response


def logger_api(url: str | None = None, key: str | None = None) -> Api:
    """To nlu-logger, by default where NLU_LOGGER_URL says and with NLU_LOGGER_KEY."""
    return Api(
        url or given("NLU_LOGGER_URL") or "http://127.0.0.1:8001",
        key or given("NLU_LOGGER_KEY") or "",
    )


def induction_api(url: str | None = None, key: str | None = None) -> Api:
    """To induction, by default where INDUCTION_URL says and with INDUCTION_KEY."""
    return Api(
        url or given("INDUCTION_URL") or "http://127.0.0.1:8002",
        key or given("INDUCTION_KEY") or "",
    )


def check(response: httpx2.Response) -> None:
    """Raises the named refusal of an answer of 400 and above; its body must have been read."""
    if response.status_code >= 400:
        raise refusal(response.status_code, response.content, response.headers.get("retry-after"))


def read(answer: type[Answer], response: httpx2.Response) -> Answer:
    adapter: TypeAdapter[Answer] = TypeAdapter(answer)
    try:
        return adapter.validate_json(response.content)
    except ValidationError as error:
        raise UnexpectedAnswer(
            f"{response.request.url.path} answered {response.status_code} with a body"
            f" this client cannot read ({error.error_count()} faults)"
        ) from error


def unreachable(url: str, error: Exception) -> Unreachable:
    return Unreachable(f"no answer from {url}: {error or type(error).__name__}")


def _retry_after(error: Unreachable | Unavailable) -> float | None:
    return error.retry_after if isinstance(error, Unavailable) else None


def pause(tried: int, retry_after: float | None = None) -> float:
    """Seconds before the next try: at least what the service asked for, within the longest."""
    chance = random.random()  # noqa: S311
    grown = backoff(tried, first=FIRST_PAUSE, longest=LONGEST_PAUSE, jitter=chance)
    return min(max(grown, retry_after or 0.0), LONGEST_PAUSE)
