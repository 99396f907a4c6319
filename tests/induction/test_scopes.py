"""Every path of induction asks who is there, and what for."""

from collections.abc import Iterator
from uuid import UUID

import httpx2
import pytest

from docs import snapshot
from tests.fixtures.stack import Stack, client

UNKNOWN = UUID("01890000-0000-7000-8000-000000000000")
DOCUMENT = snapshot.of_induction()
SCOPES = {
    "tasks:read",
    "tasks:write",
    "prompts:read",
    "prompts:write",
    "prompts:approve",
    "runs:read",
    "runs:write",
    "admin",
}


def routes() -> Iterator[tuple[str, str, str]]:
    """Method, path and scope of every operation. The document is walked, not `app.routes`: that
    is a tree, and a walk over its trunk would see nothing."""
    for path, methods in DOCUMENT["paths"].items():
        filled = path.replace("{task}", "nobodys")
        names = ("run_id", "version_id", "key_id", "proposal_id", "experiment_id", "channel_id")
        for name in names:
            filled = filled.replace(f"{{{name}}}", str(UNKNOWN))
        for method, operation in methods.items():
            (scope,) = operation["security"][0]["HTTPBearer"]
            yield method.upper(), filled, scope


async def key_with(stack: Stack, scopes: set[str]) -> str:
    made = await stack.induction.post(
        "/v1/admin/keys", json={"name": "of a test", "scopes": sorted(scopes)}
    )
    assert made.status_code == 201
    return str(made.json()["key"])


def base(stack: Stack) -> str:
    return str(stack.induction.base_url)


def is_problem(answer: httpx2.Response, status: int, code: str) -> bool:
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/problem+json"
        and answer.json()["code"] == code
        and answer.json()["request_id"] == answer.headers["x-request-id"]
    )


def test_the_walk_sees_every_room() -> None:
    seen = list(routes())
    assert {scope for _, _, scope in seen} == SCOPES
    assert ("GET", f"/v1/runs/{UNKNOWN}/events", "runs:read") in seen


@pytest.mark.parametrize(
    "key", [None, "nlk_" + "x" * 43, "not-a-key", "a.b.c"], ids=["none", "key", "junk", "token"]
)
async def test_without_a_valid_key_no_path_opens(stack: Stack, key: str | None) -> None:
    async with client(base(stack), key) as stranger:
        for method, path, _ in routes():
            answer = await stranger.request(method, path)
            assert is_problem(answer, 401, "unauthenticated"), (method, path, answer.text)
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_key_without_the_scope_opens_no_path(stack: Stack) -> None:
    for missing in SCOPES:
        # All other scopes but `admin`, which holds every one.
        key = await key_with(stack, SCOPES - {missing, "admin"})
        async with client(base(stack), key) as caller:
            for method, path, scope in routes():
                if scope == missing:
                    answer = await caller.request(method, path)
                    assert is_problem(answer, 403, "forbidden"), (method, path, answer.text)


async def test_a_key_with_the_scope_gets_past_the_door(stack: Stack) -> None:
    for missing in SCOPES:
        async with client(base(stack), await key_with(stack, {missing})) as caller:
            for method, path, scope in routes():
                if scope == missing:
                    answer = await caller.request(method, path)
                    assert answer.status_code not in {401, 403, 500}, (method, path, answer.text)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/version", "/metrics", "/docs"])
async def test_what_an_operator_probes_asks_for_no_key(stack: Stack, path: str) -> None:
    async with client(base(stack), None) as stranger:
        assert (await stranger.get(path)).status_code == 200


async def test_what_is_not_there_is_a_problem_too(stack: Stack) -> None:
    assert is_problem(await stack.induction.get("/v1/nowhere"), 404, "not_found")
    wrong_method = await stack.induction.delete("/v1/tasks")
    assert is_problem(wrong_method, 405, "method_not_allowed")
