"""What a service says to a request it cannot take: where, what is expected there, and never the
text itself."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from induction.scopes import SCOPES as OF_INDUCTION
from nlu_logger.scopes import SCOPES as OF_LOGGER

from docs import snapshot
from tests.fixtures.stack import Stack

SECRET = "xq7-pin-4711"
UNKNOWN = "01890000-0000-7000-8000-000000000000"
DOCUMENTS = {"logger": snapshot.of_nlu_logger(), "induction": snapshot.of_induction()}
SCOPES = {"logger": OF_LOGGER, "induction": OF_INDUCTION}


def operations(service: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENTS[service]["paths"].items():
        for method, operation in methods.items():
            filled = path
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    filled = filled.replace(f"{{{parameter['name']}}}", value_of(parameter))
            yield method.upper(), filled, operation


def value_of(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        for document in DOCUMENTS.values():
            if name in document["components"]["schemas"]:
                return str(document["components"]["schemas"][name]["enum"][0])
    return UNKNOWN if schema.get("format") == "uuid" else "nobodys"


@pytest.mark.parametrize("service", ["logger", "induction"])
async def test_every_operation_refuses_a_parameter_it_does_not_have(
    stack: Stack, service: str
) -> None:
    http: httpx2.AsyncClient = getattr(stack, service)
    for method, path, operation in operations(service):
        body = {"json": {}} if "requestBody" in operation else {}
        answer = await http.request(method, path, params={SECRET: "1"}, **body)
        assert SECRET not in answer.text
        if path.startswith("/ofrep/"):  # a protocol with errors of its own
            assert (answer.status_code, answer.json()["errorCode"]) == (400, "PARSE_ERROR")
            continue
        assert answer.status_code == 422, (method, path, answer.text)
        assert answer.json()["code"] == "unknown_parameter", (method, path)
        for one in operation.get("parameters", []):
            assert one["in"] != "query" or one["name"] in answer.json()["detail"], (method, path)


@pytest.mark.parametrize(
    ("service", "method", "path", "sent", "place", "expected"),
    [
        ("logger", "GET", "/v1/predictions?limit=many", None, "limit", "a whole number from 1 to"),
        ("logger", "GET", "/v1/predictions?limit=0", None, "limit", "a whole number from 1 to"),
        ("logger", "GET", "/v1/predictions?user=me", None, "user", "a UUID"),
        ("logger", "GET", "/v1/predictions?from=today", None, "from", "a moment with its offset"),
        ("logger", "GET", "/v1/predictions?successful=7", None, "successful", "true or false"),
        ("logger", "GET", "/v1/predictions?text=a", None, "text", "text of 3 to 200 characters"),
        ("logger", "GET", f"/v1/predictions/{SECRET}", None, "prediction_id", "a UUID"),
        ("logger", "POST", "/v1/predictions", {}, "prompt", "text of 1 to 32768 characters"),
        ("logger", "POST", "/v1/predictions", {"confidence": SECRET}, "confidence", "from 0 to 1"),
        ("logger", "POST", "/v1/predictions", {"prompt": "\x00"}, "prompt", "text without NUL"),
        ("logger", "POST", "/v1/predictions", {SECRET: 1}, "body", "an object of confidence,"),
        ("induction", "POST", "/v1/runs", {"task": "t", "limits": {"iterations": 99}},
         "iterations", "a whole number from 1 to 20"),
        ("induction", "POST", "/v1/runs", {"task": "t", "kind": SECRET}, "kind", "one of improve,"),
        ("induction", "POST", "/v1/tasks", {"slug": "A B", "kind": "intent"}, "slug", "text of"),
        ("induction", "POST", "/v1/tasks", {"slug": "a", "kind": "intent", "labels": ["one"]},
         "labels", "at least two labels that are not retired"),
        ("induction", "POST", "/v1/tasks", {"slug": "a", "kind": "intent", "labels": ["x", "x"]},
         "labels", "each name and each alias once"),
        ("induction", "POST", "/v1/tasks",
         {"slug": "a", "kind": "intent", "labels": [{"name": "\u200b "}, {"name": "b"}]},
         "name", "neither blank nor"),
    ],
)  # fmt: skip
async def test_a_refusal_says_where_and_what_is_expected(
    stack: Stack,
    service: str,
    method: str,
    path: str,
    sent: dict[str, Any] | None,
    place: str,
    expected: str,
) -> None:
    http: httpx2.AsyncClient = getattr(stack, service)
    answer = await http.request(method, path, json=sent)
    assert answer.status_code == 422, answer.text
    assert SECRET not in answer.text
    faults = {one["loc"][-1]: one["expected"] for one in answer.json()["errors"]}
    assert expected in faults[place]


@pytest.mark.parametrize(
    ("sent", "place", "unknown"),
    [
        ({"task": "t", "iteratons": 3}, ["body"], "iteratons"),
        ({"task": "t", "limits": {"calls": 1, "call": 3}}, ["body", "limits"], "call"),
        ({"task": "t", SECRET: 3}, ["body"], "name 2"),
        ({"task": "t", "limits": {"my pin is 4711": 3}}, ["body", "limits"], "name 1"),
    ],
)
async def test_an_unknown_field_is_told_by_its_name_or_by_its_number(
    stack: Stack, sent: dict[str, Any], place: list[str], unknown: str
) -> None:
    answer = await stack.induction.post("/v1/runs", json=sent)
    (fault,) = [one for one in answer.json()["errors"] if one["type"] == "extra_forbidden"]
    assert (fault["loc"], fault["unknown"]) == (place, unknown)
    assert "4711" not in answer.text


async def test_an_unknown_parameter_is_told_and_a_repeated_one_refused(stack: Stack) -> None:
    unknown = await stack.logger.get("/v1/predictions?limit=5&intnt=a&4711=b")
    detail = unknown.json()["detail"]
    assert detail.startswith("Unknown query parameters: intnt, name 3. This operation takes ")
    repeated = await stack.logger.get("/v1/predictions?text=aaa&text=bbb")
    assert (repeated.status_code, repeated.json()["code"]) == (422, "repeated_parameter")
    assert repeated.json()["detail"] == "Given more than once, and read once: text."


@pytest.mark.parametrize("service", ["logger", "induction"])
def test_every_scope_that_a_route_needs_has_its_sentence(service: str) -> None:
    needed = {
        scope
        for _, _, operation in operations(service)
        for one in operation["security"]
        for scope in one["HTTPBearer"]
    }
    assert needed == set(SCOPES[service])


@pytest.mark.parametrize("service", ["logger", "induction"])
async def test_a_key_has_known_scopes_and_an_end_to_come(stack: Stack, service: str) -> None:
    http: httpx2.AsyncClient = getattr(stack, service)
    listed = (await http.get("/v1/admin/scopes")).json()
    assert {one["scope"]: one["allows"] for one in listed} == dict(SCOPES[service])
    body = {"name": "of a test", "scopes": ["predictions:reed"]}
    unknown = await http.post("/v1/admin/keys", json=body)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_scope")
    assert "reed" not in unknown.text
    assert all(scope in unknown.json()["detail"] for scope in SCOPES[service])
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    body = {"name": "of a test", "scopes": ["admin"], "expires_at": past}
    ended = await http.post("/v1/admin/keys", json=body)
    assert (ended.status_code, ended.json()["code"]) == (422, "expiry_is_past")
