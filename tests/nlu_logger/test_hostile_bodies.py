"""Whatever is sent to a path that reads a body: refused in words of ours, never a crash."""

import pytest

from docs import snapshot
from tests.nlu_logger.world import World
from tests.shared.kit.besieging import bodies_with, holds, routes_with_bodies
from tests.shared.kit.hostile import BODIES, VALUES

pytestmark = pytest.mark.law

DOCUMENT = snapshot.of_nlu_logger()
JSON = {"content-type": "application/json"}
ROUTES = {
    f"{method} {path}": (method, path, schema)
    for method, path, schema in routes_with_bodies(DOCUMENT, queue="audit")
}
FILLED = {
    "prompt": '"hello"',
    "predicted_intent": '"greet"',
    "confidence": "0.5",
    "was_successful": "true",
    "task": '"intent"',
    "text": '"hello"',
    "truth": '"greet"',
    "correction_ids": "[]",
    "findings": '[{"case_id": "01890000-0000-7000-8000-000000000000", "kind": "noisy"}]',
    "name": '"of a test"',
    "rule": '{"kind": "error_rate", "name": "of a test"}',
    "channels": '[{"kind": "slack", "url": "https://hooks.example.org/x"}]',
    "scopes": '["predictions:read"]',
}


def test_the_corpus_is_large_and_the_walk_sees_paths_that_read_bodies() -> None:
    assert len(BODIES) + len(VALUES) >= 60
    assert len(ROUTES) >= 8


@pytest.mark.parametrize("route", ROUTES)
async def test_what_is_not_plain_json_is_refused(world: World, route: str) -> None:
    method, path, _ = ROUTES[route]
    for name, body in BODIES.items():
        answer = await world.admin.request(method, path, content=body, headers=JSON)
        assert answer.status_code == 422, (name, answer.text)
        assert holds(answer), (name, answer.text)


@pytest.mark.parametrize("route", ROUTES)
async def test_a_strange_value_in_any_field_crashes_nothing(world: World, route: str) -> None:
    method, path, schema = ROUTES[route]
    for name, value in VALUES.items():
        for spoiled in bodies_with(schema, value, FILLED):
            answer = await world.admin.request(method, path, content=spoiled, headers=JSON)
            assert holds(answer), (name, spoiled[:200], answer.status_code, answer.text[:500])


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data"])
async def test_another_content_type_is_refused_everywhere(world: World, kind: str) -> None:
    for method, path, _ in ROUTES.values():
        answer = await world.admin.request(
            method, path, content="{}", headers={"content-type": kind}
        )
        assert answer.status_code == 415, (path, answer.text)
        assert holds(answer), (path, answer.text)
