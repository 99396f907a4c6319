"""The contract the outside sees, held still: a change of it is a decision, never a side effect."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema_rs import Draft202012Validator
from nlu_shared.schemas.answer_examples import ANSWERS
from nlu_shared.schemas.events import (
    STREAMED,
    CancelRequested,
    EvaluationProgress,
    RunWaits,
    StoredEvent,
)
from nlu_shared.schemas.examples import EXAMPLES

from docs import snapshot
from tests.fixtures import pieces

DOCUMENTS = snapshot.documents()
REFRESH = "the API changed: if that is meant, run `python -m docs.snapshot` and commit the result"
by_service = pytest.mark.parametrize(
    ("path", "document"), DOCUMENTS.items(), ids=[path.stem for path in DOCUMENTS]
)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What it takes and what it answers, errors aside, with the media type."""
    yield from operation.get("requestBody", {}).get("content", {}).items()
    for status, answer in operation["responses"].items():
        if status < "300":
            yield from answer.get("content", {}).items()


@by_service
def test_the_snapshot_is_what_the_service_says_of_itself(
    path: Path, document: dict[str, Any]
) -> None:
    assert path.read_text(encoding="utf-8") == snapshot.as_text(document), REFRESH


@by_service
def test_every_operation_has_an_id_of_its_own(path: Path, document: dict[str, Any]) -> None:
    """Generated clients name their functions by it."""
    names = Counter(operation["operationId"] for _, _, operation in operations(document))
    assert names
    assert [name for name, count in names.items() if count > 1] == []
    assert all(name.isidentifier() and name.islower() for name in names)


@by_service
def test_every_path_is_versioned_and_every_operation_names_one_scope(
    path: Path, document: dict[str, Any]
) -> None:
    for method, route, operation in operations(document):
        assert route.startswith(("/v1/", "/ofrep/v1/")), route
        assert [list(one) for one in operation["security"]] == [["HTTPBearer"]], (method, route)
        assert len(operation["security"][0]["HTTPBearer"]) == 1, (method, route)


PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
ALWAYS = {"401", "403", "422", "429", "503"}
OF_BODIES = {"408", "413", "415"}
NEVER_404 = {
    "erase_user",
    "list_schedule_runs",
    "look_at_queue",
    "claim_from_queue",
    "read_quoting",
    "set_quoting",
    "read_labels",
    "define_labels",
    "list_label_versions",
}
"""Of these a path names something that cannot be unknown."""


@by_service
def test_every_error_is_declared_as_a_problem(path: Path, document: dict[str, Any]) -> None:
    for method, route, operation in operations(document):
        declared = {status for status in operation["responses"] if status >= "400"}
        expected = ALWAYS | (OF_BODIES if "requestBody" in operation else set())
        if "{" in route and operation["operationId"] not in NEVER_404:
            expected = expected | {"404"}
        of_ofrep = {"400", "404"} if route.startswith("/ofrep/") else set()
        assert expected <= declared <= expected | {"404", "409"} | of_ofrep, (method, route)
        for status in declared - of_ofrep:
            assert operation["responses"][status]["content"] == PROBLEM, (method, route, status)
    assert not {"HTTPValidationError", "ValidationError"} & document["components"]["schemas"].keys()


@by_service
def test_whoever_may_come_again_is_told_when(path: Path, document: dict[str, Any]) -> None:
    for method, route, operation in operations(document):
        for status in ("429", "503"):
            assert "Retry-After" in operation["responses"][status]["headers"], (method, route)


@by_service
def test_every_operation_and_every_parameter_says_what_it_is(
    path: Path, document: dict[str, Any]
) -> None:
    silent = []
    for method, route, operation in operations(document):
        if not (operation.get("summary") and operation.get("description")):
            silent.append((method, route))
        parameters = operation.get("parameters", [])
        silent += [(route, one["name"]) for one in parameters if not one.get("description")]
    assert not silent


@by_service
def test_every_property_says_what_it_is(path: Path, document: dict[str, Any]) -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description")
    ]
    assert not silent


@by_service
def test_every_json_body_has_an_example_that_is_one(path: Path, document: dict[str, Any]) -> None:
    components = document["components"]
    bodies = set()
    for _, _, operation in operations(document):
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if reference := schema.get("schema", {}).get("$ref"):
            bodies.add(reference.rpartition("/")[2])
    assert bodies
    for name in bodies:
        schema = components["schemas"][name]
        assert schema.get("examples"), name
        for example in schema["examples"]:
            Draft202012Validator({**schema, "components": components}).validate(example)


@by_service
def test_every_example_of_a_schema_is_one(path: Path, document: dict[str, Any]) -> None:
    components = document["components"]
    for schema in components["schemas"].values():
        for example in schema.get("examples", []):
            Draft202012Validator({**schema, "components": components}).validate(example)


ANSWERED = {
    "nlu-logger": {"get_prediction"},
    "induction": {"get_run", "start_run", "get_active"},
}
"""Operations whose answers a front end begins with."""


@by_service
def test_the_answers_that_a_front_end_begins_with_have_examples(
    path: Path, document: dict[str, Any]
) -> None:
    named = ANSWERED[path.name.partition(".")[0]]
    by_name = {operation["operationId"]: operation for _, _, operation in operations(document)}
    assert named <= by_name.keys()
    for name in named:
        for status, answer in by_name[name]["responses"].items():
            if status < "300":
                reference = answer["content"]["application/json"]["schema"]["$ref"]
                schema = document["components"]["schemas"][reference.rpartition("/")[2]]
                assert schema.get("examples"), (name, status)


@by_service
def test_a_body_of_many_pieces_names_the_schema_of_one(
    path: Path, document: dict[str, Any]
) -> None:
    named = set()
    for _, route, operation in operations(document):
        for kind, content in contents(operation):
            if kind in pieces.SPLIT:
                schema = content["schema"]
                assert (schema["type"], schema["contentMediaType"]) == ("string", kind), route
                name = schema["contentSchema"]["items"]["$ref"].rpartition("/")[2]
                assert document["components"]["schemas"][name]["description"]
                named.add((operation["operationId"], name))
                if "example" in content:
                    assert pieces.validate(content["example"], kind, schema, document) > 1
                else:
                    assert kind != "text/event-stream", route
    assert named == PIECES[path.name.partition(".")[0]]


PIECES = {
    "nlu-logger": {
        ("export_pairs", "Pair"),
        ("export_retraining", "ExportedRow"),
        ("export_review", "ReviewRow"),
        ("import_corrections", "ReviewedLine"),
        ("import_ground_truth", "LabelledLine"),
        ("import_predictions", "HistoryLine"),
        ("log_predictions", "PredictionIn"),
        ("stream_ground_truth", "GroundTruthLine"),
    },
    "induction": {("follow_run", "RunMessage"), ("follow_runs", "RunsMessage")},
}


@by_service
def test_no_json_is_left_without_a_form(path: Path, document: dict[str, Any]) -> None:
    """A schema by name, or a list of one: an empty one would leave a client with nothing."""
    for _, route, operation in operations(document):
        for kind, content in contents(operation):
            if kind == "application/json":
                schema = content.get("schema", {})
                assert "$ref" in schema.get("items", schema), route


def test_every_event_of_a_run_is_told_apart_by_its_type() -> None:
    """As a front end makes its types: one union, and in each of its schemas every field."""
    schemas = snapshot.of_induction()["components"]["schemas"]
    union = schemas["RunEvent"]
    assert union["discriminator"]["propertyName"] == "type"
    joined = {one["$ref"].rpartition("/")[2] for one in union["oneOf"]}
    assert joined == {model.__name__ for model in STREAMED}
    unstored = {EvaluationProgress, CancelRequested, RunWaits}
    assert set(get_args(StoredEvent)) | unstored == set(STREAMED)
    for model in STREAMED:
        schema = schemas[model.__name__]
        tag = model.model_fields["type"].default
        assert schema["properties"]["type"]["const"] == tag
        assert union["discriminator"]["mapping"][tag].endswith(f"/{model.__name__}")
        assert schema["required"] == list(model.model_fields)
        assert schema["description"]
    for message in ("RunMessage", "RunsMessage"):
        names = schemas[message]["properties"]["event"]["enum"]
        assert sorted(names) == sorted(union["discriminator"]["mapping"])


def test_every_example_of_an_answer_is_one() -> None:
    for model, example in ANSWERS.items():
        model.model_validate(example)
    shown = {name for document in DOCUMENTS.values() for name in document["components"]["schemas"]}
    assert {model.__name__ for model in ANSWERS} <= shown


def test_every_example_is_a_body_that_a_service_takes() -> None:
    """The schema cannot say everything that the model checks; and none stands there for nobody."""
    for model, example in EXAMPLES.items():
        model.model_validate(example)
    shown = {name for document in DOCUMENTS.values() for name in document["components"]["schemas"]}
    assert {model.__name__ for model in EXAMPLES} <= shown
