"""What no handler should ever see: addresses with a NUL in them, and bodies too large, too deep,
not UTF-8, or not quite JSON.

An ASGI layer before all parsing. Python's json takes NaN, duplicate keys and lone surrogates,
none of which PostgreSQL or another JSON reader would take back.
"""

import json
import re
from typing import Any, NoReturn

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nlu_shared.kit.errors import Invalid, ServiceError, TooLarge, WrongMediaType
from nlu_shared.kit.problems import problem_response

JSON = "application/json"
READ_BY_LINE = {"application/x-ndjson", "text/csv"}
DEEPEST = 64
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class BodyGuard:
    """Reads the whole body, at most `max_bytes`, checks it and replays it to the app."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_body = scope["method"] not in {"GET", "HEAD", "OPTIONS"}
        try:
            _check_address(scope)
            body = await self._read(scope, receive) if has_body else b""
            if body is None:
                return
            if body:
                check(body, Headers(scope=scope).get("content-type", ""))
        except ServiceError as refused:
            request_id = scope.get("state", {}).get("request_id")
            await problem_response(refused, request_id)(scope, receive, send)
            return
        if not has_body:
            await self.app(scope, receive, send)
            return
        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """None where the sender went away: half a body must not be taken for a whole one."""
        declared = Headers(scope=scope).get("content-length", "0")
        if declared.isdecimal() and int(declared) > self.max_bytes:
            raise TooLarge(f"At most {self.max_bytes} bytes are read.")
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self.max_bytes:
                raise TooLarge(f"At most {self.max_bytes} bytes are read.")
            if not message.get("more_body", False):
                return bytes(body)


def _check_address(scope: Scope) -> None:
    """No text that PostgreSQL holds has a NUL in it, so nothing can be found by one."""
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise Invalid("An address holds no NUL.", code="invalid_text")


def check(body: bytes, content_type: str) -> None:
    """Raises WrongMediaType, or Invalid for a body that is not safe, plain JSON.

    NDJSON and CSV are not looked into: who reads lines checks each, so that one refuses no other.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {JSON, *READ_BY_LINE}:
        raise WrongMediaType("Send application/json.")
    if kind == JSON:
        check_line(body)


def check_line(line: bytes) -> Any:
    """One JSON value, parsed: a body or an NDJSON line. Raises Invalid for what is not plain."""
    _check_depth(line)
    return _check_json(line)


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    depth = 0
    for byte in _STRINGS.sub(b"", body):
        if byte in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise Invalid(f"Nested deeper than {DEEPEST}.", code="too_deep")
        elif byte in b"]}":
            depth -= 1


def _check_json(body: bytes) -> Any:
    try:
        value = _PLAIN.decode(body.decode())
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Invalid("Lone surrogates are not text.", code="invalid_text") from None
    except UnicodeDecodeError:
        raise Invalid("The body is not UTF-8.", code="invalid_text") from None
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.", code="invalid_json") from None
    return value


def _no_constants(_name: str) -> NoReturn:
    raise Invalid("NaN and Infinity are not JSON.", code="invalid_json")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Invalid("A key stands twice in one object.", code="invalid_json")
    return made


# Made once: json.loads makes a decoder per call when it is told anything.
_PLAIN = json.JSONDecoder(parse_constant=_no_constants, object_pairs_hook=_no_duplicates)
