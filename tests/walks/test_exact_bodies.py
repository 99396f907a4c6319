"""What a document calls a boolean or a number is one: in no body of any operation is a text taken
for it, nor a boolean for a number. `may_quote: "yes"` would be somebody's consent."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import httpx2
import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import start

Leaf = tuple[list[str | int], str]
WRONG: Mapping[str, list[object]] = {
    "boolean": ["yes", "off", 1],
    "number": ["0.5", True],
    "integer": ["5", True],
}


def resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema, or each of its alternatives."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from resolved(document["components"]["schemas"][name], document)
    elif alternatives := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        for one in alternatives:
            yield from resolved(one, document)
    else:
        yield schema


def bodies(
    schema: Mapping[str, Any], document: Mapping[str, Any], path: tuple[str | int, ...] = ()
) -> Iterator[tuple[object, tuple[str | int, ...], str]]:
    """For each boolean and number and each wrong value: a body that holds it and little else, the
    place, and the kind."""
    for one in resolved(schema, document):
        kind = one.get("type")
        for wrong in WRONG.get(str(kind), []):
            yield wrong, path, str(kind)
        if kind == "array":
            for body, place, inner in bodies(one.get("items", {}), document, (*path, 0)):
                yield [body], place, inner
        tags = {
            name: value["const"]
            for name, value in one.get("properties", {}).items()
            if "const" in value
        }
        for name, value in one.get("properties", {}).items():
            for body, place, inner in bodies(value, document, (*path, name)):
                yield {**tags, name: body}, place, inner


async def refusals(service: httpx2.AsyncClient, run_id: str) -> list[str]:
    """What was taken, of all that should be refused; of the run, where one is in the path."""
    document = (await service.get("/openapi.json")).json()
    taken, tried = [], 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            if schema.get("type") == "array":
                continue  # rows of a file
            for body, place, kind in bodies(schema, document):
                there = known(path.replace("{run_id}", run_id))
                answer = await service.request(method, there, json=body)
                tried += 1
                faults = answer.json().get("errors") or []
                if not any(is_at(fault, place) for fault in faults):
                    taken.append(f"{method} {path} {place} {kind}: {body} {answer.status_code}")
    assert tried > 20
    return taken


def known(path: str) -> str:
    """With an id and a slug in place of its parameters."""
    filled = path.replace("{slug}", "any").replace("{task}", "any").replace("{label}", "any")
    for name in ("queue", "action"):
        filled = filled.replace(f"{{{name}}}", "pause")
    while "{" in filled:
        before, _, rest = filled.partition("{")
        filled = f"{before}01a20000-0000-7000-8000-000000000000{rest.partition('}')[2]}"
    return filled


def is_at(fault: Mapping[str, Any], place: tuple[str | int, ...]) -> bool:
    """Whether the fault is at the place; tags of unions stand between its parts."""
    left = iter(fault["loc"])
    return fault["type"].endswith("_type") and all(str(part) in left for part in place)


@pytest.mark.law
@pytest.mark.parametrize("name", ["logger", "induction"])
async def test_a_boolean_and_a_number_are_not_read_out_of_something_else(
    stack: Stack, name: Literal["logger", "induction"]
) -> None:
    service = stack.logger if name == "logger" else stack.induction
    await make_task(stack, f"with-a-run-{name}", cases=4)
    run_id = await start(stack, f"with-a-run-{name}", kind="evaluate")
    assert await refusals(service, run_id) == []


@pytest.mark.parametrize("label", [["SECRET"], [["SECRET"]], 7, True, {"name": "SECRET"}])
async def test_a_label_is_a_text_and_no_list_of_one(stack: Stack, label: object) -> None:
    made = {"labels": [{"name": "old"}, {"name": "other"}]}
    await stack.logger.put("/v1/tasks/exact/labels", json=made)
    logged = await stack.logger.post(
        "/v1/predictions",
        json={"task": "exact", "prompt": "x", "predicted_intent": "old", "confidence": 0.5},
    )
    corrections = f"/v1/predictions/{logged.json()['log_id']}/corrections"
    for method, path, body in (
        ("POST", "/v1/tasks/exact/labels/old/rename", {"to": label}),
        ("PUT", "/v1/tasks/exact/labels", {"labels": [{"name": label}, {"name": "b"}]}),
        (
            "PUT",
            "/v1/tasks/exact/labels",
            {"labels": [{"name": "a", "aliases": [label]}, {"name": "b"}]},
        ),
        ("POST", corrections, {"corrected_intent": label}),
    ):
        answer = await stack.logger.request(method, path, json=body)
        assert answer.status_code == 422, (path, answer.text)
        assert "SECRET" not in answer.text
    names = (await stack.logger.get("/v1/tasks/exact/labels")).json()["labels"]
    assert [one["name"] for one in names] == ["old", "other"]
