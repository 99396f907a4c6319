"""The guard lets plain JSON through and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nlu_shared.kit.errors import ServiceError, WrongMediaType
from nlu_shared.kit.http.guard import BodyGuard, check
from nlu_shared.kit.http.plain import DEEPEST, check_line
from starlette.types import Message, Receive, Scope, Send

from tests.shared.kit.hostile import BODIES, MARKER, VALUES

text = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
plain = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | text,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(text, inner, max_size=4),
    max_leaves=30,
)


@given(value=plain, as_ascii=some.booleans())
def test_any_json_value_passes_and_is_read_as_it_was_meant(value: Any, as_ascii: bool) -> None:
    encoded = json.dumps(value, ensure_ascii=as_ascii)
    if "Infinity" in encoded:
        return
    check(encoded.encode(), "application/json; charset=utf-8")
    assert check_line(encoded.encode()) == value


@pytest.mark.parametrize("name", VALUES)
def test_a_strange_but_plain_value_passes(name: str) -> None:
    check(VALUES[name].encode(), "application/json")


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check(BODIES[name], "application/json")
    assert refused.value.status == 422
    assert MARKER not in (refused.value.detail or "")


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_line_is_refused_like_a_hostile_body(name: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check_line(BODIES[name])
    assert refused.value.status == 422


@pytest.mark.parametrize("frame", [("[", "]"), ('{"a":', "}")])
def test_the_depth_is_counted_exactly(frame: tuple[str, str]) -> None:
    opening, closing = frame
    check((opening * DEEPEST + "1" + closing * DEEPEST).encode(), "application/json")
    deeper = (opening * (DEEPEST + 1) + "1" + closing * (DEEPEST + 1)).encode()
    with pytest.raises(ServiceError, match="deeper"):
        check(deeper, "application/json")


def test_brackets_inside_texts_are_no_depth() -> None:
    texts = json.dumps(['[{"\\' * 200, "\\", "[" * 200])
    check(texts.encode(), "application/json")


def test_many_flat_values_are_no_depth() -> None:
    check(json.dumps([{"a": [1]}] * 500).encode(), "application/json")


@pytest.mark.parametrize("kind", ["", "text/json", "application/jsonp", "application/json2"])
def test_only_json_is_read(kind: str) -> None:
    with pytest.raises(WrongMediaType):
        check(b"{}", kind)


def test_one_broken_line_does_not_refuse_its_neighbours() -> None:
    """Lines are judged one by one by whoever reads them; a batch is not one JSON value."""
    lines = b"[\n" * 100 + b'{"a": "never closed\n' + b'{"b": 1}\n'
    check(lines, "application/x-ndjson")


class Handler:
    """An app that remembers what reached it."""

    def __init__(self) -> None:
        self.read: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.read.append((await receive())["body"])


async def through(handler: Handler, messages: list[Message], **headers: str) -> list[Message]:
    sent: list[Message] = []
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }
    await BodyGuard(handler, max_bytes=100)(scope, receive, send)
    return sent


def chunk(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_in_pieces_reaches_the_handler_whole() -> None:
    handler = Handler()
    await through(
        handler, [chunk(b"[1,", more=True), chunk(b"2]")], content_type="application/json"
    )
    assert handler.read == [b"[1,2]"]


async def test_a_body_cut_off_by_its_sender_reaches_nobody() -> None:
    """Half a batch must not be taken for a whole one."""
    handler = Handler()
    pieces = [chunk(b'{"a": 1}\n{"a"', more=True), {"type": "http.disconnect"}]
    sent = await through(handler, pieces, content_type="application/x-ndjson")
    assert (handler.read, sent) == ([], [])


async def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    sent = await through(Handler(), [], content_type="application/json", content_length="101")
    assert sent[0]["status"] == 413


async def test_a_body_at_the_limit_passes_and_one_byte_more_does_not() -> None:
    handler = Handler()
    await through(handler, [chunk(b'"' + b"x" * 98 + b'"')], content_type="application/json")
    assert len(handler.read) == 1
    sent = await through(handler, [chunk(b'"' + b"x" * 99 + b'"')], content_type="application/json")
    assert sent[0]["status"] == 413
