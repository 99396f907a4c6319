"""Hostile requests: each answered as a problem, none with a 500, none echoing what it was sent."""

import json
from typing import Any
from uuid import uuid4

import pytest
from nlu_shared.ids import uuid7

from tests.nlu_logger.world import HELLO, World

SECRET = "the user's own words"
BODY = json.dumps(HELLO)


def body_with(**more: Any) -> str:
    return json.dumps(HELLO | {"prompt": SECRET} | more)


BODIES = {
    "NaN": (BODY.replace("0.5", "NaN"), 422),
    "Infinity": (BODY.replace("0.5", "-Infinity"), 422),
    "endless number": (BODY.replace("0.5", "1e999"), 422),
    "endless number deep": (body_with(output={"a": [1]}).replace("[1]", "[1e999]"), 422),
    "endless digits": (body_with(output=1).replace('"output": 1', '"output": 1' + "0" * 5000), 422),
    "NUL": (body_with(prompt=f"{SECRET}\x00"), 422),
    "NUL in JSON": (body_with(output={"deep": ["\x00"]}), 422),
    "NUL in a name": (body_with(output={"\x00": 1}), 422),
    "surrogate": (body_with(prompt=f"{SECRET}\ud800"), 422),
    "surrogate in JSON": (body_with(output=["\udfff"]), 422),
    "not UTF-8": (b'{"prompt": "\xff"}', 422),
    "10 MB": (body_with(prompt="x" * 10_000_000), 413),
    "nested 1,000": ('{"output":' + "[" * 1000 + "]" * 1000 + "}", 422),
    "nested 100,000": ("[" * 100_000, 422),
    "broken": (f'{{"prompt": "{SECRET}', 422),
    "twice": ('{"prompt": "a", "prompt": "b"}', 422),
    "empty": ("", 422),
    "null": ("null", 422),
    "a list": ("[]", 422),
    "unknown field": (body_with(**{SECRET: 1}), 422),
    "unknown field deep": (
        body_with(secondary_intents=[{"intent": "a", "confidence": 0, SECRET: 1}]),
        422,
    ),
    "too sure": (body_with(confidence=1.00001), 422),
    "no prompt": (body_with(prompt=""), 422),
    "long prompt": (body_with(prompt=SECRET * 5000), 422),
    "long intent": (body_with(predicted_intent=SECRET * 20), 422),
    "a v4 id": (body_with(id=str(uuid4())), 422),
    "no id": (body_with(id=SECRET), 422),
    "task with a slash": (body_with(task="../etc"), 422),
    "task with a line": (body_with(task="intent\n"), 422),
    "huge index": (body_with(message_index=2**31), 422),
    "negative latency": (body_with(latency_ms=-1), 422),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES.keys())
async def test_a_hostile_body_is_a_problem(world: World, body: str | bytes, status: int) -> None:
    answer = await world.admin.post(
        "/v1/predictions", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert {"title", "status", "code", "request_id"} <= problem.keys()
    assert answer.headers["x-request-id"] == problem["request_id"]
    assert SECRET not in answer.text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_content_type_is_refused(world: World, kind: str) -> None:
    answer = await world.admin.post("/v1/predictions", content=BODY, headers={"content-type": kind})
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"


QUERIES = [
    "predictions?intent=%00",
    "predictions?model_version=%00",
    "predictions?intent=%ED%A0%80",
    "predictions?task=A%20B",
    "predictions?from=2026-11-01T00:00:00",
    "predictions?from=yesterday",
    "predictions?min_confidence=nan",
    "predictions?max_confidence=2",
    "predictions?limit=0",
    "predictions?limit=99999999999999999999",
    "predictions?cursor=first",
    "predictions?user=me",
    "predictions/not-an-id",
    "reviews/queues/low-confidence?threshold=nan",
    "reviews/queues/low-confidence?threshold=inf",
    "reviews/queues/low-confidence?task=%00",
    "ground-truth",
    "ground-truth?task=%00",
]


@pytest.mark.parametrize("query", QUERIES)
async def test_a_hostile_query_is_a_problem(world: World, query: str) -> None:
    answer = await world.admin.get(f"/v1/{query}")
    assert answer.status_code in {200, 422}, answer.text
    if query != "predictions?intent=%ED%A0%80":
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_the_ends_of_time_are_times(world: World, edge: str) -> None:
    for bound in ("from", "to"):
        answer = await world.admin.get("/v1/predictions", params={bound: edge})
        assert answer.status_code == 200


@pytest.mark.parametrize("truth", [None, "\x00", {"a": "\x00"}])
async def test_a_truth_that_cannot_be_kept_is_refused(world: World, task: str, truth: Any) -> None:
    case = {"task": task, "text": "t", "truth": truth}
    assert (await world.admin.post("/v1/ground-truth", json=case)).status_code == 422


async def test_what_does_not_exist_is_404_everywhere(world: World) -> None:
    for method, path in [
        ("GET", f"predictions/{uuid7()}"),
        ("POST", f"predictions/{uuid7()}/confirm"),
        ("POST", f"corrections/{uuid7()}/approve"),
        ("POST", f"corrections/{uuid7()}/reject"),
        ("POST", f"corrections/{uuid7()}/reopen"),
        ("DELETE", f"ground-truth/{uuid7()}"),
        ("DELETE", f"admin/keys/{uuid7()}"),
        ("GET", "no-such-room"),
    ]:
        body = {} if method == "POST" else None
        answer = await world.admin.request(method, f"/v1/{path}", json=body)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
