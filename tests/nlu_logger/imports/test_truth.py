"""Ground truth that never was a prediction: labelled rows, and the original system's export."""

import json
from typing import Any

import pytest
from nlu_shared.schemas.ground_truth import GroundTruthIn

from tests.nlu_logger.world import World


async def send(world: World, task: str, body: str, kind: str, **params: Any) -> dict[str, Any]:
    answer = await world.admin.post(
        "/v1/ground-truth:import",
        content=body.encode(),
        headers={"content-type": kind},
        params={"task": task, **params},
    )
    assert answer.status_code == 207, answer.text
    result: dict[str, Any] = answer.json()
    return result


CSV, JSONL, JSON = "text/csv", "application/x-ndjson", "application/json"


@pytest.mark.parametrize(
    ("kind", "body", "params"),
    [
        (CSV, "text,label,group\nMove lunch,move_event,a\n'=1+1,maths,\n", {}),
        (
            CSV,
            "utterance;intent;topic\nMove lunch;move_event;a\n=1+1;maths;\n",
            {"text_column": "utterance", "label_column": "intent", "group_column": "topic"},
        ),
        (
            JSONL,
            '{"text": "Move lunch", "label": "move_event", "group": "a"}\n'
            '{"text": "=1+1", "label": "maths"}',
            {},
        ),
    ],
)
async def test_labelled_rows_become_cases(
    world: World, task: str, kind: str, body: str, params: dict[str, str]
) -> None:
    result = await send(world, task, body, kind, **params)
    assert (result["created"], result["refused"]) == (2, 0)
    *cases, _ = await world.truth(task)
    assert {(case["text"], case["truth"], case["group"]) for case in cases} == {
        ("Move lunch", "move_event", "a"),
        ("=1+1", "maths", None),
    }
    assert {case["may_quote"] for case in cases} == {True}
    before = (await world.truth(task))[-1]
    again = await send(world, task, body, kind, **params)
    assert (again["created"], again["repeated"]) == (0, 2)
    assert [one["id"] for one in again["items"]] == [one["id"] for one in result["items"]]
    assert (await world.truth(task))[-1] == before


async def test_each_line_is_answered_and_a_conflict_is_not_fatal(world: World, task: str) -> None:
    rows = [
        {"text": "Hello", "label": "greet"},
        {"text": "hello", "label": "greet"},
        {"text": "HELLO", "label": "leave"},
        {"text": "unlabelled", "label": ""},
        {"text": "", "label": "greet"},
        {"text": 7, "label": "greet"},
        {"label": "greet"},
        {"text": "structured", "label": {"people": ["Ann"]}},
        {"text": "bye", "label": "leave"},
    ]
    result = await send(world, task, "\n".join(map(json.dumps, rows)), JSONL, may_quote=False)
    assert [(one["status"], one["code"]) for one in result["items"]] == [
        (201, None),
        (200, None),
        (409, "conflicting_truth"),
        (200, "skipped"),
        (422, "invalid"),
        (422, "invalid"),
        (422, "no_column"),
        (201, None),
        (201, None),
    ]
    *cases, end = await world.truth(task)
    assert end["count"] == 3
    assert {case["may_quote"] for case in cases} == {False}


LISTED = (
    'text,label\nrain,"[""weather""]"\nhail,[\'weather\']\nsun,[]\nboth,"[""a"", ""b""]"\nfog,{}\n'
)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (CSV, LISTED),
        (
            JSONL,
            "\n".join(
                json.dumps({"text": text, "label": label})
                for text, label in {
                    "rain": '["weather"]', "hail": "['weather']", "sun": "[]", "both": '["a", "b"]',
                    "fog": {},
                }.items()
            ),
        ),
    ],
)  # fmt: skip
async def test_a_list_in_a_text_is_the_label_in_it(
    world: World, task: str, kind: str, body: str
) -> None:
    result = await send(world, task, body, kind)
    assert [one["code"] for one in result["items"]] == [
        None, None, "skipped", "several_labels", "no_label"
    ]  # fmt: skip
    assert [case["truth"] for case in (await world.truth(task))[:-1]] == ["weather"] * 2


def statement(number: int, text: str, feedback: dict[str, Any] | None) -> dict[str, Any]:
    return {"id": number, "text": text, "speaker_type": "subject", "approved_feedback": feedback}


def coded(approved: bool = True, **extraction: Any) -> dict[str, Any]:
    return {"auditor_id": "ann", "approved": approved, "edited_extraction": extraction}


DISCUSSION = {
    "discussion": {"id": 42},
    "statements": [
        statement(1, "My mother Ann died.", coded(people=[{"id": -1, "name": "Ann"}])),
        statement(2, "I see.", None),
        statement(3, "She was ill.", coded(approved=False, people=[])),
        statement(4, "Then we moved.", coded(events=[{"kind": "no such kind"}])),
        statement(5, "That is all.", coded()),
    ],
}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, json.dumps(DISCUSSION)),
        (JSON, json.dumps([DISCUSSION])),
        (JSONL, json.dumps(DISCUSSION)),
    ],
)
async def test_of_the_original_systems_export_only_what_was_approved_is_truth(
    world: World, task: str, kind: str, body: str
) -> None:
    result = await send(world, task, body, kind)
    assert {(one["item"], one["status"]) for one in result["items"]} == {
        ("1", 201),
        ("4", 422),
        ("5", 201),
    }
    *cases, _ = await world.truth(task)
    assert {(case["text"], case["group"]) for case in cases} == {
        ("My mother Ann died.", "discussion-42"),
        ("That is all.", "discussion-42"),
    }
    assert all(GroundTruthIn.model_validate(_fields_of(case)) for case in cases)
    assert (await send(world, task, body, kind))["repeated"] == 2


def _fields_of(case: dict[str, Any]) -> dict[str, Any]:
    return {name: case[name] for name in GroundTruthIn.model_fields if name in case}


async def test_what_is_no_such_export_is_refused_in_its_line(world: World, task: str) -> None:
    body = json.dumps([{"statements": 1}, {"discussion": {"id": "x" * 300}, **_one("a")}])
    result = await send(world, task, body, JSON)
    assert [(one["line"], one["status"]) for one in result["items"]] == [(1, 422), (2, 422)]


def _one(text: str) -> dict[str, Any]:
    return {"statements": [statement(1, text, coded())]}


async def test_a_key_imports_into_its_own_tasks_only(world: World, task: str) -> None:
    async with await world.key("ground-truth:write", tasks=[task]) as limited:
        for slug, status in ((task, 207), ("intent", 403)):
            answer = await limited.post(
                "/v1/ground-truth:import",
                params={"task": slug},
                json=[{"text": "a", "label": "b"}],
            )
            assert answer.status_code == status


async def test_a_request_makes_so_many_cases_and_no_more(world: World, task: str) -> None:
    statements = [statement(n, f"said {n}", coded()) for n in range(1_001)]
    answer = await world.admin.post(
        "/v1/ground-truth:import",
        params={"task": task},
        json={"discussion": {"id": 1}, "statements": statements},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "import_too_long")
    assert (await world.truth(task))[-1]["count"] == 0
