"""Whatever is sent to a path that reads a body: refused in words of ours, never a crash."""

from typing import Any

import pytest

from docs import snapshot
from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack, client
from tests.shared.kit.besieging import bodies_with, holds, routes_with_bodies
from tests.shared.kit.hostile import BODIES, MARKER, VALUES

pytestmark = pytest.mark.law

UNKNOWN = "01890000-0000-7000-8000-000000000000"
DOCUMENT = snapshot.of_induction()
JSON = {"content-type": "application/json"}
FILLED = {
    "slug": '"besieged-too"',
    "kind": '"intent"',
    "task": '"besieged"',
    "hint": '"be brief"',
    "name": '"of a test"',
    "scopes": '["runs:read"]',
}


@pytest.fixture(scope="module")
async def task(stack: Stack) -> str:
    await make_task(stack, "besieged")
    return "besieged"


def test_the_walk_sees_paths_that_read_bodies(task: str) -> None:
    assert len(list(routes_with_bodies(DOCUMENT, task=task))) >= 6


@pytest.mark.parametrize("name", BODIES)
async def test_what_is_not_plain_json_is_refused_everywhere(
    stack: Stack, task: str, name: str
) -> None:
    for method, path, _ in routes_with_bodies(DOCUMENT, task=task):
        answer = await stack.induction.request(method, path, content=BODIES[name], headers=JSON)
        refused = 400 if path.startswith("/ofrep/") else 422  # a protocol with errors of its own
        assert answer.status_code == refused, (path, answer.text)
        assert holds(answer), (path, answer.text)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/xml", "multipart/form-data"])
async def test_another_content_type_is_refused_everywhere(
    stack: Stack, task: str, kind: str
) -> None:
    for method, path, _ in routes_with_bodies(DOCUMENT, task=task):
        answer = await stack.induction.request(
            method, path, content=f'{{"{MARKER}": 1}}', headers={"content-type": kind}
        )
        assert answer.status_code == 415, (path, answer.text)
        assert holds(answer), (path, answer.text)


@pytest.mark.parametrize("name", VALUES)
async def test_a_strange_value_in_any_field_crashes_nothing(
    stack: Stack, task: str, name: str
) -> None:
    for method, path, schema in routes_with_bodies(DOCUMENT, task=task):
        for spoiled in bodies_with(schema, VALUES[name], FILLED):
            answer = await stack.induction.request(method, path, content=spoiled, headers=JSON)
            assert holds(answer), (path, spoiled[:200], answer.status_code, answer.text[:500])


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
async def test_a_strange_example_in_a_prompt_crashes_nothing(
    stack: Stack, task: str, value: str
) -> None:
    for content in (
        f'{{"instructions": [{{"name": "role", "text": {value}}}]}}',
        f'{{"instructions": [{{"name": {value}, "text": "x"}}]}}',
        f'{{"instructions": [{{"name": "role", "text": "x", "{MARKER}": {value}}}]}}',
        f'{{"instructions": {value}}}',
        f'{{"instructions": [{{"name": "role", "text": "topic_0 topic_1 topic_2 topic_3"}}],'
        f' "examples": [{{"text": "x", "output": {value}}}]}}',
    ):
        answer = await stack.induction.post(
            f"/v1/prompts/{task}/versions", content=f'{{"content": {content}}}', headers=JSON
        )
        assert holds(answer), (content[:200], answer.status_code, answer.text[:500])


@pytest.mark.parametrize("slug", ["%00", "a%00b", "%ff", "..%2f..", "a'b", "x" * 5_000, "%20"])
async def test_a_strange_name_in_the_path_is_refused(stack: Stack, slug: str) -> None:
    for path in (
        f"/v1/prompts/{slug}/active",
        f"/v1/prompts/{slug}/versions",
        f"/v1/prompts/{slug}/versions/{UNKNOWN}",
        f"/v1/prompts/{slug}/export",
        f"/v1/runs?task={slug}",
        f"/v1/admin/auto-trigger?task={slug}",
        f"/v1/admin/auto-trigger/decisions?task={slug}",
        f"/v1/runs/{slug}",
        f"/v1/runs/{slug}/events",
    ):
        answer = await stack.induction.get(path)
        assert answer.status_code in {200, 404, 422}, (path, answer.text)
        assert holds(answer)


@pytest.mark.parametrize("number", ["-1", "1.5", "x", "9" * 50, "%00", "01"])
async def test_a_strange_last_event_id_is_refused(stack: Stack, number: str) -> None:
    answer = await stack.induction.get(
        f"/v1/runs/{UNKNOWN}/events", headers={"Last-Event-ID": number}
    )
    assert answer.status_code in {404, 422}
    assert holds(answer)


async def test_a_body_over_the_limit_is_refused_before_it_is_read(stack: Stack) -> None:
    large = b'"' + b"x" * (10 * 1024 * 1024) + b'"'
    answer = await stack.induction.post("/v1/runs", content=large, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_body_that_grows_over_the_limit_on_the_way_is_refused(stack: Stack) -> None:
    async def parts() -> Any:
        for _ in range(10):
            yield b"[" + b" " * (1024 * 1024)

    async with client(str(stack.induction.base_url)) as caller:
        answer = await caller.post("/v1/runs", content=parts(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
