"""Whatever a provider sends becomes an answer or a typed failure, and nothing costs less than 0."""

import json
from datetime import date
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from induction.llm.adapters.claude import Claude
from induction.llm.errors import ParkRun, StopRun
from induction.llm.prices import SHIPPED, charge, upper_bound
from induction.task_kinds.base import BY_MODEL, ModelAnswer, Outcome, Usage
from induction.task_kinds.intent import IntentTask
from nlu_shared.schemas.labels import LabelSpec
from offline_model.app import in_process
from offline_model.settings import FINAL, PASSING, Fault, OfflineSettings

from tests.fixtures.properties import EXAMPLES
from tests.induction.llm.toys import simple_question

DAY = date(2026, 11, 22)
TASK = IntentTask([LabelSpec(name=name) for name in ("parcel", "refund", "greeting")])


async def no_wait(_: float) -> None:
    pass


def claude(transport: httpx2.AsyncBaseTransport) -> Claude:
    return Claude(
        api_key="any",
        http_client=httpx2.AsyncClient(transport=transport),
        sleep=no_wait,
        jitter=lambda: 0.0,
    )


def sending(status: int, headers: dict[str, str], body: bytes) -> Claude:
    kind = {"content-type": "application/json"} | headers
    return claude(
        httpx2.MockTransport(lambda _: httpx2.Response(status, headers=kind, content=body))
    )


async def came_to(model: Claude) -> ModelAnswer | ParkRun | StopRun:
    """What a call came to; also checks what a ledger and a task would go on to do with it."""
    try:
        answer = await model.complete(simple_question())
    except (ParkRun, StopRun) as refusal:
        return refusal
    json.dumps(TASK.parse(answer).output, allow_nan=False).encode()
    answer.text.encode()
    assert "\0" not in answer.text
    price = charge(simple_question(), answer.usage, DAY, SHIPPED)
    assert price is None or 0 <= price <= upper_bound(simple_question(), DAY, SHIPPED)
    return answer


def message(**changes: object) -> dict[str, Any]:
    return {
        "type": "message",
        "content": [{"type": "text", "text": '{"label": "parcel", "confidence": 0.9}'}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 2},
    } | changes


def text(content: str) -> dict[str, Any]:
    return message(content=[{"type": "text", "text": content}])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("text"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "error", "details", "a"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
usages = st.fixed_dictionaries(
    {},
    optional={
        name: values | st.integers(-10, 10**40)
        for name in (
            "input_tokens",
            "output_tokens",
            "cache_read_input_tokens",
            "cache_creation_input_tokens",
        )
    },
)
blocks = st.fixed_dictionaries({"type": st.just("text") | values, "text": values}) | values
messages = st.builds(
    lambda changes: message(**changes),
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.just("message") | values,
            "content": st.lists(blocks, max_size=3) | values,
            "usage": usages | values,
            "stop_reason": st.sampled_from(["max_tokens", "refusal", "tool_use"]) | values,
            "error": values,
        },
    ),
)
texts = st.builds(text, st.text(st.characters()) | values.map(json.dumps))
bodies = st.one_of(
    st.binary(max_size=200),
    messages.map(lambda value: json.dumps(value).encode()),
    texts.map(lambda value: json.dumps(value).encode()),
    values.map(lambda value: json.dumps(value).encode()),
    st.tuples(messages, st.integers(0, 200)).map(lambda cut: json.dumps(cut[0]).encode()[: cut[1]]),
    st.integers(1, 100_000).map(lambda depth: b"[" * depth),
    st.integers(1, 100_000).map(lambda depth: b'{"error":' * depth + b"1" + b"}" * depth),
)
odd_headers = st.dictionaries(
    st.sampled_from(["retry-after", "content-type", "request-id", "location", "x-should-retry"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
    | st.sampled_from(
        ["-1", "inf", "nan", "1e300", "60", "3600", "text/html", "text/event-stream"]
    ),
    max_size=3,
)


@settings(max_examples=4 * EXAMPLES)
@given(
    status=st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 413, 429, 500, 529, 599]),
    headers=odd_headers,
    body=bodies,
)
async def test_no_answer_raises_anything_but_what_is_typed(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    came = await came_to(sending(status, headers, body))
    assert not isinstance(came, ParkRun) or 0 < came.seconds <= 86_400


@settings(max_examples=2 * EXAMPLES)
@given(usage=usages | values)
async def test_usage_is_believed_or_missing_and_never_below_nothing(usage: Any) -> None:
    answer = await came_to(sending(200, {}, json.dumps(message(usage=usage)).encode()))
    assert isinstance(answer, ModelAnswer)
    assert answer.outcome is Outcome.OK
    if answer.usage is not None:
        assert answer.usage.input_tokens == usage["input_tokens"] >= 0
        assert answer.usage.output_tokens == usage["output_tokens"] >= 0


@pytest.mark.parametrize(
    ("body", "outcome", "metered"),
    [
        (message(), Outcome.OK, True),
        (message(usage=None), Outcome.OK, False),
        (message(usage={"input_tokens": -5, "output_tokens": 2}), Outcome.OK, False),
        (message(usage={"input_tokens": True, "output_tokens": 2}), Outcome.OK, False),
        (message(usage={"input_tokens": 1.0, "output_tokens": 2}), Outcome.OK, False),
        (message(usage={"input_tokens": "1", "output_tokens": 2}), Outcome.OK, False),
        (message(usage={"input_tokens": 10**30, "output_tokens": 2}), Outcome.OK, False),
        (message(content=[]), Outcome.MALFORMED, True),
        (message(content=None), Outcome.UNAVAILABLE, True),
        (message(content="text"), Outcome.UNAVAILABLE, True),
        (message(content=[1]), Outcome.UNAVAILABLE, True),
        (message(content=[{"type": "text", "text": None}]), Outcome.UNAVAILABLE, True),
        (message(content=[{"type": "text"}]), Outcome.UNAVAILABLE, True),
        (message(stop_reason=["max_tokens"]), Outcome.OK, True),
        (text("a\0b"), Outcome.MALFORMED, True),
        (text('{"label": "a\\u0000"}'), Outcome.MALFORMED, True),
        (text('{"label": "\\ud800"}'), Outcome.MALFORMED, True),
        (text("\ud800"), Outcome.MALFORMED, True),
        (text("[" * 100_000 + "]" * 100_000), Outcome.MALFORMED, True),
        (text("[" * 65 + "]" * 65), Outcome.MALFORMED, True),
        (text('{"confidence": 1e999}'), Outcome.MALFORMED, True),
        (text('{"confidence": ' + "9" * 5_000 + "}"), Outcome.MALFORMED, True),
        ([], Outcome.UNAVAILABLE, True),
        (None, Outcome.UNAVAILABLE, True),
    ],
)
async def test_each_odd_answer_has_its_outcome(
    body: object, outcome: Outcome, metered: bool
) -> None:
    answer = await came_to(sending(200, {}, json.dumps(body).encode()))
    assert isinstance(answer, ModelAnswer)
    assert (answer.outcome, answer.usage is not None) == (outcome, metered)


async def test_more_usage_than_a_request_can_have_is_not_believed() -> None:
    most = upper_bound(simple_question(), DAY, SHIPPED)
    assert charge(simple_question(), Usage(output_tokens=10_000_000), DAY, SHIPPED) is None
    assert charge(simple_question(), Usage(output_tokens=10), DAY, SHIPPED) < most  # type: ignore[operator]


async def test_what_a_provider_says_about_a_refusal_is_not_repeated() -> None:
    secret = "Anna Smith lives at 12 Elm Street"
    error = {
        "type": "error",
        "error": {"type": "x", "message": secret, "details": {"error_code": secret}},
    }
    for status in (400, 401, 403, 404, 418, 429, 500):
        came = await came_to(sending(status, {"request-id": secret}, json.dumps(error).encode()))
        refusal = came.text if isinstance(came, ModelAnswer) else str(came)
        assert refusal.startswith(f"status {status}")
        assert "Anna" not in refusal


async def test_a_stream_that_is_cut_off_is_ambiguous() -> None:
    class Cut(httpx2.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b'{"type": "mess'
            raise httpx2.RemoteProtocolError("peer closed connection")

    cut = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=Cut()))
    answer = await came_to(claude(cut))
    assert isinstance(answer, ModelAnswer)
    assert (answer.outcome, answer.ambiguous) == (Outcome.UNAVAILABLE, 6)


@pytest.mark.parametrize("fault", sorted(set(Fault) - {Fault.NO_ANSWER}))
async def test_the_offline_model_sends_each_fault_and_none_gets_through(fault: Fault) -> None:
    """A passing fault is waited out; the others are outcomes, and typed refusals. For one that
    sends nothing see `tests/faults/test_kinds_of_failure.py`."""
    settings = OfflineSettings(faults={fault: 1})
    model = Claude(
        api_key="any", http_client=in_process(settings), sleep=no_wait, jitter=lambda: 0.0
    )
    came = await came_to(model)
    if isinstance(came, ModelAnswer):
        assert came.outcome in BY_MODEL or fault in (
            Fault.REJECTED,
            Fault.DEEP_ERROR,
            Fault.TOO_LARGE,
        )
        assert fault not in PASSING or (came.outcome, came.attempts) == (Outcome.OK, 2)
        assert (came.usage is None) == fault.value.startswith("usage_")
    else:
        assert fault in FINAL
