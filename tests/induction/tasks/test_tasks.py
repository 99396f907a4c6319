"""What can be optimised: tasks by HTTP."""

from typing import Any

import pytest

from tests.fixtures.labelled import make_task
from tests.fixtures.stack import Stack
from tests.induction.runs.driving import shown, start

TASK: dict[str, Any] = {
    "slug": "yes-or-no",
    "kind": "intent",
    "labels": [{"name": "yes", "description": "agrees"}, {"name": "no"}],
}


async def test_a_task_is_made_once_and_asked_for_again_without_harm(stack: Stack) -> None:
    first = await stack.induction.post("/v1/tasks", json=TASK)
    again = await stack.induction.post("/v1/tasks", json=TASK)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["labels"] == [
        {"name": "yes", "description": "agrees", "aliases": [], "retired": False},
        {"name": "no", "description": "", "aliases": [], "retired": False},
    ]
    listed = (await stack.induction.get("/v1/tasks")).json()
    assert [task for task in listed if task["slug"] == "yes-or-no"] == [first.json()]


async def test_a_name_that_the_offline_model_answers_under_is_said(stack: Stack) -> None:
    body = {**TASK, "slug": "elsewhere-named", "task_model": "gpt-4o-mini"}
    made = (await stack.induction.post("/v1/tasks", json=body)).json()
    (note,) = [one for one in made["notes"] if "gpt-4o-mini" in one]
    assert "answered by the offline model" in note
    own = {**body, "slug": "own-named", "task_model": "offline/gpt-4o-mini"}
    assert (await stack.induction.post("/v1/tasks", json=own)).json()["notes"] == []
    await make_task(stack, "named-for-once", cases=4)
    order = {"task": "named-for-once", "models": {"task": "gpt-4o-mini"}, "kind": "evaluate"}
    run = await start(stack, **order)
    assert note in (await shown(stack, run))["notes"]
    usual = await start(stack, "named-for-once", kind="evaluate")
    assert not [one for one in (await shown(stack, usual))["notes"] if "offline" in one]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"labels": [{"name": "yes"}, {"name": "never"}]}, "labels_differ"),
        ({"task_model": "claude-opus-5-5"}, "conflict"),
    ],
)
async def test_another_task_under_the_same_slug_is_a_conflict(
    stack: Stack, changed: dict[str, Any], code: str
) -> None:
    await stack.induction.post("/v1/tasks", json=TASK)
    answer = await stack.induction.post("/v1/tasks", json=TASK | changed)
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert "PATCH /v1/tasks/{slug}" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("changed", "loc", "kind"),
    [
        ({"labels": []}, ["labels"], "too_few_labels"),
        ({"labels": [{"name": "alone"}]}, ["labels"], "too_few_labels"),
        (
            {"labels": [{"name": "alone"}, {"name": "gone", "retired": True}]},
            ["labels"],
            "too_few_labels",
        ),
        ({"labels": [{"name": "twice"}, {"name": " twice "}]}, ["labels"], "label_twice"),
        (
            {"labels": [{"name": "yes"}, {"name": "no", "aliases": ["yes"]}]},
            ["labels"],
            "label_twice",
        ),
        ({"labels": [{"name": " "}, {"name": "no"}]}, ["labels", "0", "name"], "no_label"),
        ({"slug": "With Spaces"}, ["slug"], "string_pattern_mismatch"),
        ({"slug": ""}, ["slug"], "string_pattern_mismatch"),
        ({"task_model": " "}, ["task_model"], "string_pattern_mismatch"),
        ({"proposer_model": ""}, ["proposer_model"], "too_short"),
        ({"kind": "guessing"}, ["kind"], "enum"),
        ({"objective": "accuracy"}, ["objective"], "model_attributes_type"),
        ({"objective": {"focus": "nothing"}}, ["objective", "focus"], "unknown_component"),
        ({"measure": "accuracy"}, [], "extra_forbidden"),
    ],
    ids=str,
)
async def test_a_task_that_makes_no_sense_is_refused_by_its_field(
    stack: Stack, changed: dict[str, Any], loc: list[str], kind: str
) -> None:
    answer = await stack.induction.post("/v1/tasks", json={**TASK, "slug": "odd", **changed})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert (fault["loc"], fault["type"]) == (["body", *loc], kind)
    assert "odd" not in [task["slug"] for task in (await stack.induction.get("/v1/tasks")).json()]


async def test_runs_that_do_not_say_raise_and_guard_what_the_task_says(stack: Stack) -> None:
    await make_task(stack, "aiming", cases=24)
    first, second = "topic_0", "topic_1"
    changed = await stack.induction.patch(
        "/v1/tasks/aiming", json={"objective": {"focus": first, "guards": {second: 0.02}}}
    )
    assert changed.json()["objective"] == {"focus": first, "guards": {second: 0.02}}
    by_task = await shown(stack, await start(stack, "aiming", kind="evaluate"))
    assert (by_task["focus"], by_task["guards"]) == (first, {second: 0.02})
    own = {"focus": second, "guards": {first: 0.1}}
    by_itself = await shown(stack, await start(stack, "aiming", kind="evaluate", **own))
    assert (by_itself["focus"], by_itself["guards"]) == (second, {first: 0.1, second: 0.02})
    refused = await stack.induction.patch(
        "/v1/tasks/aiming", json={"objective": {"guards": {"nothing": 0.1}}}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_component")
    hostile = {"focus": "a hostile\ntext", "guards": {first: 0.1, "an evil name": 0.1, "zzz": 0.1}}
    refused = await stack.induction.patch("/v1/tasks/aiming", json={"objective": hostile})
    fault = {"type": "unknown_component", "expected": "a label of the task that is not retired"}
    guards = ["body", "objective", "guards"]
    assert refused.json()["errors"] == [
        {"loc": ["body", "objective", "focus"], **fault},
        {"loc": guards, "unknown": "name 2", **fault},
        {"loc": guards, "unknown": "zzz", **fault},
    ]
    assert "hostile" not in refused.text
    assert "evil" not in refused.text


@pytest.mark.parametrize("model", ["no/such model", "  "])
async def test_a_model_with_blanks_is_told_that_it_has_none(stack: Stack, model: str) -> None:
    await stack.induction.post("/v1/tasks", json=TASK)
    answer = await stack.induction.patch("/v1/tasks/yes-or-no", json={"task_model": model})
    (fault,) = answer.json()["errors"]
    assert fault["expected"] == "text of 1 to 200 characters without blanks or null"


async def test_an_extraction_task_takes_no_labels(stack: Stack) -> None:
    body = {"slug": "codes", "kind": "extraction", "labels": ["a"]}
    answer = await stack.induction.post("/v1/tasks", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_labels_here")
    assert answer.json()["errors"] == [{"loc": ["body", "labels"], "type": "no_labels_here"}]
    assert (await stack.induction.get("/v1/tasks/codes")).status_code == 404


async def test_an_extraction_task_needs_no_labels(stack: Stack) -> None:
    made = await stack.induction.post("/v1/tasks", json={"slug": "families", "kind": "extraction"})
    assert made.status_code == 201
    baseline = await stack.induction.post("/v1/prompts/families/versions", json={})
    assert baseline.status_code == 201
    named = [block["name"] for block in baseline.json()["content"]["instructions"]]
    assert named == ["role", "data", "codes", "links", "rules"]


async def test_a_model_of_a_provider_that_is_not_there_is_refused_without_echo(
    stack: Stack,
) -> None:
    body = {"slug": "of-nobody", "kind": "intent", "labels": [{"name": "a"}, {"name": "b"}]}
    answer = await stack.induction.post("/v1/tasks", json={**body, "task_model": "nosuch/model"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_model")
    assert "INDUCTION_PROVIDERS" in answer.json()["detail"]
    assert [one["loc"] for one in answer.json()["errors"]] == [["body", "task_model"]]
    assert "nosuch" not in answer.text
    assert (await stack.induction.get("/v1/tasks/of-nobody")).status_code == 404
