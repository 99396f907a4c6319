"""Message Batches apart from any run: what goes together, what comes back, what it costs."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from induction.engine.runtime import Call
from induction.llm import prices
from induction.llm.adapters import batching
from induction.llm.adapters.batch_reading import read_batch, read_page, read_results
from induction.llm.adapters.batching import NotAnswered, ProviderBatch
from induction.llm.retry import Failure, Kind
from induction.task_kinds.base import ModelRequest, Usage
from offline_model.app import create_app
from offline_model.settings import BatchFault, OfflineSettings

from tests.fixtures.stack import client, serving
from tests.induction.llm.test_messages_api import HEADERS, body

BATCH = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["id", "custom_id", "result", "type", "data", "created_at"])
            | st.text(),
            inner,
        )
    ),
    max_leaves=20,
)
BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())


@given(status=st.sampled_from([200, 404, 500]), bytes_=BODIES)
def test_whatever_a_provider_says_of_batches_is_read(status: int, bytes_: bytes) -> None:
    batch, page = read_batch(status, {}, bytes_), read_page(status, {}, bytes_)
    results = read_results(status, {}, bytes_)
    if status != 200:
        assert {type(batch), type(page), type(results)} == {Failure}
    assert isinstance(results, dict | Failure)


def shown(**changed: object) -> bytes:
    made = {
        "id": "msgbatch_1",
        "processing_status": "ended",
        "request_counts": {"succeeded": 2, "errored": 1},
        "created_at": "2026-11-29T12:00:00Z",
    }
    return json.dumps({**made, **changed}).encode()


def test_a_batch_is_its_id_its_size_its_age_and_whether_it_has_ended() -> None:
    made = ProviderBatch("msgbatch_1", 3, datetime(2026, 11, 29, 12, tzinfo=UTC), is_ended=True)
    assert read_batch(200, {}, shown()) == made
    counted = {"succeeded": 2, "errored": 1, "total": 3, "by_model": {"a": 3}}
    assert read_batch(200, {}, shown(request_counts=counted)) == made


@pytest.mark.parametrize(
    "odd",
    [
        {"id": ""},
        {"id": "a\nb"},
        {"id": "x" * 201},
        {"processing_status": "lost"},
        {"request_counts": {"succeeded": -1}},
        {"request_counts": {"succeeded": True}},
        {"created_at": "yesterday"},
        {"created_at": None},
    ],
)
def test_what_is_no_batch_is_a_failure_that_may_be_one(odd: dict[str, object]) -> None:
    failure = read_batch(200, {}, shown(**odd))
    assert failure == Failure(Kind.UNREADABLE)
    assert batching.may_be_made(failure)


def test_results_come_in_any_order_and_of_an_id_the_first_counts() -> None:
    lines = [
        {"custom_id": "b", "result": {"type": "expired"}},
        {"custom_id": "a", "result": {"type": "succeeded", "message": None}},
        {"custom_id": "b", "result": {"type": "canceled"}},
        {"custom_id": 3, "result": {"type": "canceled"}},
    ]
    text = b"\n".join(json.dumps(one).encode() for one in lines) + b"\nnot json\n"
    assert read_results(200, {}, text) == {"b": NotAnswered("expired"), "a": None}


@pytest.mark.parametrize("body", [b"", b"<html>Log in first</html>", b"{}\n[]\n"])
def test_a_page_in_the_place_of_results_is_read_again(body: bytes) -> None:
    """What the batch came to is there still: it would be paid for twice."""
    assert read_results(200, {}, body) == Failure(Kind.UNREADABLE)


@given(n=st.integers(0, 10**6), sample=st.integers(0, 10**7), other=st.uuids())
def test_a_custom_id_names_its_batch_and_its_call(n: int, sample: int, other: UUID) -> None:
    name = batching.custom_id(BATCH, n, sample)
    assert len(name) <= 64
    assert batching.number(name, BATCH) == n
    assert batching.number(name, other) is None or other == BATCH


@given(st.text())
def test_a_strangers_custom_id_names_nothing(name: str) -> None:
    assert batching.number(name, BATCH) is None


@pytest.mark.parametrize(
    ("failure", "may_be_made", "is_not_taken"),
    [
        (Failure(Kind.UNSENT), False, False),
        (Failure(Kind.TIMEOUT), True, False),
        (Failure(Kind.CUT_OFF), True, False),
        (Failure(Kind.UNREADABLE), True, False),
        (Failure(Kind.STATUS, 500), True, False),
        (Failure(Kind.STATUS, 503), True, False),
        (Failure(Kind.STATUS, 529), False, False),
        (Failure(Kind.STATUS, 501), False, True),
        (Failure(Kind.STATUS, 404), False, True),
        (Failure(Kind.STATUS, 413), False, True),
        (Failure(Kind.STATUS, 429), False, False),
        (Failure(Kind.STATUS, 401), False, False),
    ],
)
def test_what_a_failed_creation_leaves(
    failure: Failure, may_be_made: bool, is_not_taken: bool
) -> None:
    assert batching.may_be_made(failure) is may_be_made
    assert batching.is_not_taken(failure) is is_not_taken


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 30), (299, 30), (600, 60), (6_000, 600), (86_400, 600)]
)
def test_looks_are_rarer_the_longer_a_batch_takes(age: float, seconds: float) -> None:
    assert batching.pause(age, first=30) == seconds


def test_calls_go_in_as_few_batches_as_hold_them() -> None:
    requests = [ModelRequest("m", ("s",), "é" * size, {}, 9) for size in (1, 1, 1, 1, 10, 12, 20)]
    calls = {(str(n), 0): Call(one) for n, one in enumerate(requests)}
    parts = list(batching.parts(calls, most_calls=3, most_bytes=25))
    assert [len(part) for part in parts] == [3, 2, 1, 1]
    assert [key for part in parts for key in part] == list(calls)


def test_an_answer_in_a_batch_costs_half_cache_and_long_prompts_too() -> None:
    day = date(2026, 11, 29)
    for model in ("claude-opus-5-5", "claude-haiku-5-5"):
        for prompt in (1_000, 200_000):
            usage = Usage(prompt, prompt, prompt, 500)
            alone = prices.cost(model, usage, day, prices.SHIPPED)
            assert prices.cost(model, usage, day, prices.SHIPPED, in_batch=True) == alone / 2
    usage = Usage(1_000, 0, 0, 10)
    assert prices.cost("claude-sonnet-4-5", usage, day, prices.SHIPPED, in_batch=True) == (
        prices.cost("claude-sonnet-4-5", usage, day, prices.SHIPPED)
    )


def test_a_price_that_does_not_divide_is_rounded_up() -> None:
    price = prices.price("claude-haiku-5-5", date(2026, 11, 29), prices.SHIPPED)
    odd = price.model_copy(update={"input": Decimal(3), "batch_input": Decimal(1)})
    rates = odd.in_batch(odd.short)
    assert rates.cache_read * 3 >= odd.short.cache_read
    assert rates.cache_read.as_tuple().exponent == -9


async def test_the_offline_model_takes_batches_as_the_messages_api_does() -> None:
    model = OfflineSettings(batch_looks=1, batch_faults={BatchFault.EXPIRED: 3})
    async with serving(create_app(model)) as url, client(url) as http:
        http.headers.update(HEADERS)
        path = "/v1/messages/batches"
        requests = [
            {"custom_id": f"call-{n}-0", "params": body(max_tokens=50 + n)} for n in range(9)
        ]
        made = (await http.post(path, json={"requests": requests})).json()
        assert made["processing_status"] == "in_progress"
        assert made["request_counts"]["processing"] == 9
        assert (await http.get(f"{path}/{made['id']}/results")).status_code == 404
        ended = (await http.get(f"{path}/{made['id']}")).json()
        assert ended["processing_status"] == "ended"
        lines = (await http.get(f"{path}/{made['id']}/results")).text.splitlines()
        results = {one["custom_id"]: one["result"] for one in map(json.loads, lines)}
        assert results.keys() == {one["custom_id"] for one in requests}
        assert list(results) != [one["custom_id"] for one in requests]
        assert {one["type"] for one in results.values()} == {"succeeded", "expired"}
        alone = (await http.post("/v1/messages", json=body(max_tokens=50))).json()
        batched = next(one["message"] for one in results.values() if one["type"] == "succeeded")
        assert batched["content"] == alone["content"]
        assert (await http.get(path)).json()["data"][0]["id"] == made["id"]
        for refused in ({"requests": []}, {"requests": requests * 2}, {"requests": [{}]}):
            assert (await http.post(path, json=refused)).status_code == 400
        assert (await http.get(f"{path}/other")).status_code == 404
