"""The errors that every operation declares are errors that it sends: each is provoked on each."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import induction.app
import nlu_logger.app
import pytest
from induction.settings import Settings as InductionSettings
from nlu_logger.settings import Settings as LoggerSettings

from tests.fixtures.databases import BOOTSTRAP_KEY, Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import client, serving

APPS: dict[str, tuple[Any, Any]] = {
    "nlu_logger": (nlu_logger.app.build, LoggerSettings),
    "induction": (induction.app.build, InductionSettings),
}
NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"
MOST_BYTES = 1_000
of_each_service = pytest.mark.parametrize("service", APPS)


@asynccontextmanager
async def served(
    service: str, databases: Databases, servers: Servers, **changed: Any
) -> AsyncIterator[tuple[str, list[tuple[str, str, set[str]]]]]:
    """Its address, and of each operation the method, a path and the statuses it declares."""
    build, settings = APPS[service]
    values = {
        "database_url": (await databases.clone(service)).app_url,
        "redis_url": servers.redis_url,
        **changed,
    }
    app = build(settings(**values))
    async with serving(app) as url:
        yield url, list(operations(app.openapi()))


def body_of(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    """The example of the operation's body; None where it has none."""
    content = operation.get("requestBody", {}).get("content", {})
    reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    schema = document["components"]["schemas"].get(reference.rpartition("/")[2], {})
    return schema.get("examples", [None])[0]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, set[str]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            address = path.replace("{", "").replace("}", "")
            yield method.upper(), address, set(operation["responses"])


@of_each_service
async def test_a_nul_is_refused_everywhere(
    databases: Databases, servers: Servers, service: str
) -> None:
    async with served(service, databases, servers) as (url, called), client(url) as caller:
        for method, path, declared in called:
            answer = await caller.request(method, f"{path}?x=%00")
            assert (answer.status_code, "422" in declared) == (422, True), (method, path)


@of_each_service
async def test_a_body_too_large_or_of_another_kind_is_refused_wherever_bodies_are_read(
    databases: Databases, servers: Servers, service: str
) -> None:
    text, long = {"content-type": "text/plain"}, json.dumps("x" * MOST_BYTES)
    async with (
        served(service, databases, servers, max_body_bytes=MOST_BYTES) as (url, called),
        client(url) as caller,
    ):
        for method, path, declared in called:
            if "413" not in declared:
                continue
            large = await caller.request(method, path, json=long)
            foreign = await caller.request(method, path, content=b"x", headers=text)
            statuses = {str(large.status_code), str(foreign.status_code)}
            assert statuses == {"413", "415"} <= declared, (method, path)


@of_each_service
@pytest.mark.law
async def test_a_body_that_does_not_come_is_refused_wherever_bodies_are_read(
    databases: Databases, servers: Servers, service: str
) -> None:
    async with served(service, databases, servers, body_seconds=0.1) as (url, called):
        port = int(url.rpartition(":")[2])
        for method, path, declared in called:
            if "408" in declared:
                assert await status_of_half_a_request(port, method, path) == 408, (method, path)


async def status_of_half_a_request(port: int, method: str, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {BOOTSTRAP_KEY}",
        "Content-Type: application/json",
        "Content-Length: 9",
    )
    writer.write("\r\n".join([*head, "", ""]).encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    return int(status)


@of_each_service
async def test_who_asks_too_often_is_turned_away_everywhere(
    databases: Databases, servers: Servers, service: str
) -> None:
    once = {"reads_per_minute": 1, "writes_per_minute": 1}
    async with served(service, databases, servers, **once) as (url, called), client(url) as caller:
        for method in ("GET", "POST"):
            first = next(path for one, path, _ in called if one == method)
            await caller.request(method, first)
        for method, path, declared in called:
            answer = await caller.request(method, path)
            assert (answer.status_code, "429" in declared) == (429, True), (method, path)
            assert int(answer.headers["retry-after"]) > 0


@of_each_service
async def test_without_a_database_every_operation_says_come_again(
    databases: Databases, servers: Servers, service: str
) -> None:
    async with (
        served(service, databases, servers, database_url=NOWHERE) as (url, called),
        client(url) as caller,
    ):
        for method, path, declared in called:
            answer = await caller.request(method, path)
            assert (answer.status_code, "503" in declared) == (503, True), (method, path)
            assert int(answer.headers["retry-after"]) > 0


NEEDED = {
    "/diff": {"against": str(uuid4())},
    "/v1/events": {"run": str(uuid4())},
    "/v1/runs": {"task": "nothing"},
    "/v1/admin/auto-trigger": {"task": "nothing"},
    "/v1/admin/auto-trigger/decisions": {"task": "nothing"},
}
"""Parameters that an operation asks for, by the end of its path."""


NAMED: dict[str, dict[str, Any]] = {"/v1/admin/channels": {"tasks": ["nothing"]}}
"""What a body has to name for there to be something that is not there."""


def needed(path: str, operation: dict[str, Any]) -> dict[str, str]:
    known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    query = next((of for end, of in NEEDED.items() if path.endswith(end)), {})
    return {name: value for name, value in query.items() if name in known}


@of_each_service
async def test_what_is_not_there_is_not_found(
    databases: Databases, servers: Servers, service: str
) -> None:
    """No id is known to a fresh database, and no task: not the examples' either."""
    async with served(service, databases, servers) as (url, _), client(url) as caller:
        document = (await caller.get("/openapi.json")).json()
        for path, methods in document["paths"].items():
            address = re.sub(r"{(\w+_id)}", str(uuid4()), path).replace("{task}", "nothing")
            address = address.replace("{label}", "nothing").replace("{version}", "1")
            for method, operation in methods.items():
                if "404" not in operation["responses"]:
                    continue
                body = body_of(document, operation)
                answer = await caller.request(
                    method,
                    address,
                    params=needed(path, operation),
                    json=body | NAMED[path] if path in NAMED else body,
                )
                assert answer.status_code == 404, (method, path, answer.text)


async def test_a_number_that_the_list_never_had_is_of_another_list(
    databases: Databases, servers: Servers
) -> None:
    async with served("nlu_logger", databases, servers) as (url, _), client(url) as caller:
        answer = await caller.get("/v1/ground-truth/erased", params={"after": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "another_list")
