"""What no handler should ever see: addresses with a NUL in them, and bodies too large, too slow,
too deep, not UTF-8, or not quite JSON.

An ASGI layer before all parsing. A body is read when its route asks for it and after its sender
was looked at, so that nobody makes us read what nobody would take from them.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlu_shared.kit.errors import Invalid, ServiceError, TooLarge, TooSlow, WrongMediaType
from nlu_shared.kit.http.limits import Room
from nlu_shared.kit.http.plain import check_line
from nlu_shared.kit.http.problems import problem_response

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PAGES = "/dashboard/"
"""Below this browsers send forms; `kit.pages.forms` checks them."""
READ_BY_LINE = {
    "application/x-ndjson",
    "application/yaml",
    "text/csv",
    "text/tab-separated-values",
}
BODILESS = {"GET", "HEAD", "OPTIONS"}
SMALL = 64 * 1024
"""Bytes of a body for which there is always room, and all that is read of a stranger's."""
BODY_SECONDS = 30.0
BODIES_BYTES = 64 * 1024 * 1024

IN_ITS_WORDS = "refused_in_its_words"
"""Set in the scope by a route that answers itself where its body was refused: its protocol has
words of its own."""
Admit = Callable[[Request], Awaitable[bool]]
"""Whether the sender of a body is known; raises for one whose body is not to be read."""


async def anybody(_request: Request) -> bool:
    return True


class BodyGuard:
    """Hands the app whole, checked bodies of at most `max_bytes`, or answers in its place.

    `seconds` is how long a body may take; all that are held at once take at most `room`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int,
        seconds: float = BODY_SECONDS,
        room: Room | None = None,
        admit: Admit = anybody,
    ) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.seconds = seconds
        self.room = room or Room(BODIES_BYTES)
        self.admit = admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _holds_a_nul(scope):
            refused: ServiceError = Invalid("An address holds no NUL.", code="invalid_text")
            await _answer(refused, scope, receive, send)
        elif scope["method"] in BODILESS:
            await self.app(scope, receive, send)
        else:
            await self._guarded(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(self, scope, receive)

        async def send_unless_refused(message: Message) -> None:
            if body.failure is None or scope.get(IN_ITS_WORDS):
                await send(message)

        try:
            await self.app(scope, body.receive, send_unless_refused)
        except (ServiceError, ClientDisconnect) as raised:
            if raised is not body.failure:
                raise
        finally:
            self.room.give(body.address, body.held)
        # What the app makes of a body that it was refused is not sent.
        if isinstance(body.failure, ServiceError) and not scope.get(IN_ITS_WORDS):
            await _answer(body.failure, scope, receive, send)


class _Body:
    """One request's body: read when it is first asked for, and then as one message."""

    def __init__(self, guard: BodyGuard, scope: Scope, receive: Receive) -> None:
        self._guard = guard
        self._scope = scope
        self._receive = receive
        self._is_read = False
        client = scope.get("client")
        self.address: str = client[0] if client else ""
        self.held = 0
        """Bytes of the room that this body takes."""
        self.failure: ServiceError | ClientDisconnect | None = None
        """Why the app gets no body. Half a body must not be taken for a whole one."""

    async def receive(self) -> Message:
        if self._is_read:
            return await self._receive()
        self._is_read = True
        try:
            body = await self._checked()
        except (ServiceError, ClientDisconnect) as failure:
            self.failure = failure
            raise
        return {"type": "http.request", "body": body, "more_body": False}

    async def _checked(self) -> bytes:
        is_known = await self._guard.admit(Request(self._scope))
        most = self._guard.max_bytes if is_known else min(SMALL, self._guard.max_bytes)
        headers = Headers(scope=self._scope)
        declared = headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > most:
            raise TooLarge(f"At most {most} bytes are read.")
        try:
            async with asyncio.timeout(self._guard.seconds):
                body = await self._whole(most)
        except TimeoutError:
            raise TooSlow(f"A body may take {self._guard.seconds:g} seconds.") from None
        if body:
            is_page = self._scope["path"].startswith(PAGES)
            check(body, headers.get("content-type", ""), may_be_form=is_page)
        return body

    async def _whole(self, most: int) -> bytes:
        body = bytearray()
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > most:
                raise TooLarge(f"At most {most} bytes are read.")
            if (excess := len(body) - SMALL - self.held) > 0:
                self._guard.room.take(self.address, excess)
                self.held += excess
            if not message.get("more_body", False):
                return bytes(body)


def _holds_a_nul(scope: Scope) -> bool:
    """No text that PostgreSQL holds has a NUL in it, so nothing can be found by one."""
    return "\0" in scope["path"] or b"%00" in scope["query_string"]


async def _answer(refused: ServiceError, scope: Scope, receive: Receive, send: Send) -> None:
    request_id = scope.get("state", {}).get("request_id")
    await problem_response(refused, request_id)(scope, receive, send)


def check(body: bytes, content_type: str, *, may_be_form: bool = False) -> None:
    """Raises WrongMediaType, or Invalid for a body that is not safe, plain JSON.

    NDJSON, tables and YAML are not looked into: who reads lines checks each, so that one refuses
    no other.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM and may_be_form:
        return
    if kind not in {JSON, *READ_BY_LINE}:
        raise WrongMediaType("Send application/json.")
    if kind == JSON:
        check_line(body)
