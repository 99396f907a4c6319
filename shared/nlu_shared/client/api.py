"""The one way out: an HTTP call with a key, answers read by type, failures by name."""

import asyncio
import random
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self, TypeVar

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError

from nlu_shared.backoff import BRIEF, Patience, backoff
from nlu_shared.client.errors import Unavailable, UnexpectedAnswer, Unreachable, refusal
from nlu_shared.client.loops import Clients
from nlu_shared.client.patient import PatientClient
from nlu_shared.environment import variable

TIMEOUT = httpx2.Timeout(10, connect=2)
"""Seconds. A service answers 503 within 2 s when its database is away."""
STREAM_TIMEOUT = httpx2.Timeout(60, connect=2)
"""Seconds. A stream is pinged more often than this, so a longer silence is a dead connection."""
JSON, NDJSON = "application/json", "application/x-ndjson"

_BROKEN = (
    httpx2.RequestError,
    httpx2.InvalidURL,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    OverflowError,
)
"""What a call may end in without an answer: also a key or a parameter that cannot be sent, or a
loop that closes."""

Params = Mapping[str, str | int | float | bool | None]
Answer = TypeVar("Answer")


class Api:
    """One service's address and key; a pool of connections for each event loop that calls.

    `patience` is how long a service may ask to be called later; with None it is the caller's
    business from the first time.
    """

    def __init__(self, url: str, key: str, *, patience: Patience | None = BRIEF) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._patience = patience
        self._tls: ssl.SSLContext | None = None
        self._clients = Clients(self._made)

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
        """Closes what this loop opened; a call made later opens it again."""
        await self._clients.close()

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
                seconds = pause(tried) if _may_repeat(error) else None
                if tried >= tries or seconds is None:
                    raise
                await asyncio.sleep(seconds)

    def stream(
        self, path: str, *, last_event_id: str | None
    ) -> AbstractAsyncContextManager[httpx2.EventSource]:
        """Server-sent events; the caller looks at the response's status before reading them."""
        resume = {"Last-Event-ID": last_event_id} if last_event_id else {}
        return self._clients.get().sse(self.url + path, headers=resume, timeout=STREAM_TIMEOUT)

    async def _once(
        self, method: str, path: str, body: BaseModel | bytes | None, params: Params | None
    ) -> httpx2.Response:
        lines = isinstance(body, bytes)
        try:
            response = await self._clients.get().request(
                method,
                self.url + path,
                params={name: value for name, value in (params or {}).items() if value is not None},
                content=body.model_dump_json() if isinstance(body, BaseModel) else body,
                headers=None if body is None else {"Content-Type": NDJSON if lines else JSON},
            )
        except _BROKEN as error:
            raise unreachable(self.url, error) from error
        check(response)
        return response

    def _made(self) -> PatientClient:
        self._tls = self._tls or httpx2.create_ssl_context()
        return PatientClient(
            patience=self._patience,
            timeout=TIMEOUT,
            verify=self._tls,
            headers={"Authorization": f"Bearer {self._key}"} if self._key else {},
        )


def logger_api(
    url: str | None = None, key: str | None = None, *, patience: Patience | None = BRIEF
) -> Api:
    """To nlu-logger, by default where NLU_LOGGER_URL says and with NLU_LOGGER_KEY."""
    return Api(
        url or variable("NLU_LOGGER_URL") or "http://127.0.0.1:8001",
        key or variable("NLU_LOGGER_KEY") or "",
        patience=patience,
    )


def induction_api(
    url: str | None = None, key: str | None = None, *, patience: Patience | None = BRIEF
) -> Api:
    """To induction, by default where INDUCTION_URL says and with INDUCTION_KEY."""
    return Api(
        url or variable("INDUCTION_URL") or "http://127.0.0.1:8002",
        key or variable("INDUCTION_KEY") or "",
        patience=patience,
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


def _may_repeat(error: Unreachable | Unavailable) -> bool:
    """A service that named a time has been waited for already, as long as patience goes."""
    return not isinstance(error, Unavailable) or error.retry_after is None


def pause(tried: int) -> float:
    """Seconds before the next try after `tried` failures in a row, at most BRIEF's longest."""
    chance = random.random()  # noqa: S311
    return backoff(tried, first=BRIEF.first, longest=BRIEF.longest, jitter=chance)
