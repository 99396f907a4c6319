"""The same formats by HTTP: by the content type, by `from`, or as the file itself tells."""

import json
from typing import Any

import pytest

from tests.nlu_logger.world import World

JSON, JSONL, CSV = "application/json", "application/x-ndjson", "text/csv"
TSV, YAML = "text/tab-separated-values", "application/yaml"
RASA = "nlu:\n- intent: greet\n  examples: |\n    - hi\n    - hello [Ann](name)\n"


async def send(world: World, task: str, body: str, kind: str, **params: Any) -> Any:
    return await world.admin.post(
        "/v1/ground-truth:import",
        content=body.encode(),
        headers={"content-type": kind},
        params={"task": task, **params},
    )


@pytest.mark.parametrize(
    ("kind", "body", "name"),
    [
        (YAML, RASA, "rasa"),
        (JSON, json.dumps({"train": [["hi", "greet"], ["hello Ann", "greet"]]}), "clinc"),
        (JSONL, '{"text": "hi", "label": ["greet"]}\n{"data": "hello Ann", "label": ["greet"]}',
         "doccano"),
        (TSV, "greet\thi\ngreet\thello Ann\n", "atis"),
        (CSV, "sep=;\r\ntext;label\r\nhi;greet\r\nhello Ann; greet\r\n", "csv"),
    ],
)  # fmt: skip
async def test_a_format_is_known_or_named(
    world: World, task: str, kind: str, body: str, name: str
) -> None:
    for params, count in (({}, "created"), ({"from": name}, "repeated")):
        answer = await send(world, task, body, kind, **params)
        assert answer.status_code == 207, answer.text
        assert (answer.json()[count], answer.json()["refused"]) == (2, 0)
    *cases, _ = await world.truth(task)
    assert {(one["text"], one["truth"]) for one in cases} == {
        ("hi", "greet"),
        ("hello Ann", "greet"),
    }


async def test_labels_are_read_in_one_way(world: World, task: str) -> None:
    labels: list[Any] = [
        ["a"], [" a  b "], 3, 3.0, "NaN", "null", r"\N", None, [], " ", 2.5, True, ["a", "b"],
        "x" * 201,
    ]  # fmt: skip
    rows = [{"text": f"text {n}", "label": one} for n, one in enumerate(labels)]
    answer = await send(world, task, "\n".join(map(json.dumps, rows)), JSONL)
    assert [one["code"] for one in answer.json()["items"]] == [
        *[None] * 4, *["skipped"] * 6, "no_label", "no_label", "several_labels",
            "label_too_long",
    ]  # fmt: skip
    *cases, _ = await world.truth(task)
    assert sorted(one["truth"] for one in cases) == ["3", "3", "a", "a b"]


async def test_a_text_that_is_none_is_told_what_is_expected(world: World, task: str) -> None:
    rows = [{"text": text, "label": "a"} for text in (7, "x" * 32_769)]
    answer = await send(world, task, "\n".join(map(json.dumps, rows)), JSONL)
    assert [one["detail"] for one in answer.json()["items"]] == [
        "text: text of 1 to 32768 characters is expected (string_type)",
        "text: text of 1 to 32768 characters is expected (too_long)",
    ]


async def test_context_comes_along(world: World, task: str) -> None:
    messages = [{"role": "user", "content": "book"}, {"role": "assistant", "content": "Shall I?"}]
    sample = {"input": [*messages, {"role": "user", "content": "yes"}], "ideal": "confirm"}
    answer = await send(world, task, json.dumps(sample), JSONL)
    assert answer.json()["created"] == 1, answer.text
    (case, _) = await world.truth(task)
    assert [one["text"] for one in case["context"]["before"]] == ["book", "Shall I?"]


@pytest.mark.parametrize(
    ("kind", "body", "params", "status"),
    [
        (YAML, "nlu: [", {}, 422),
        (YAML, "secret: words\n", {}, 422),
        (YAML, RASA, {"from": "secret"}, 422),
        (CSV, "secret words\nmore\n", {"from": "rasa"}, 207),
        (JSONL, '{"secret words": 1}', {}, 207),
        ("application/xml", "<secret/>", {}, 415),
    ],
)
async def test_what_is_not_understood_is_refused_without_a_word_of_it(
    world: World, task: str, kind: str, body: str, params: dict[str, str], status: int
) -> None:
    answer = await send(world, task, body, kind, **params)
    assert answer.status_code == status, answer.text
    assert "secret" not in answer.text
    assert (await world.truth(task))[-1]["count"] == 0
