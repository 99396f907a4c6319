"""Training rows and review files by HTTP, in the formats the original system reads."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from nlu_shared.ids import uuid7
from nlu_shared.schemas.exports import ExportedRow, ReviewRow

from tests.nlu_logger.world import World

SURE, UNSURE = 0.92, 0.67


async def export(world: World, kind: str, **params: Any) -> httpx2.Response:
    answer = await world.admin.get(f"/v1/exports/{kind}", params=params)
    assert answer.status_code == 200, answer.text
    return answer


async def rows(world: World, kind: str, **params: Any) -> list[dict[str, Any]]:
    text = (await export(world, kind, **params)).text
    return [json.loads(line) for line in text.splitlines()]


async def texts(world: World, kind: str, **params: Any) -> set[str]:
    field = "prompt" if kind == "review" else "text"
    return {row[field] for row in await rows(world, kind, **params)}


async def test_training_rows_are_the_documents_byte_for_byte(world: World, task: str) -> None:
    await world.log(
        task=task,
        prompt="schedule time for math homework",
        predicted_intent="scheduling",
        confidence=SURE,
    )
    log_id = await world.log(
        task=task, prompt="add event to calendar", predicted_intent="x", confidence=UNSURE
    )
    await world.correct(log_id, "calendar_event")
    answer = await export(world, "retraining", task=task)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text == (
        '{"text": "schedule time for math homework", "label": "scheduling", "confidence": 0.92,'
        ' "source": "production", "corrected": false}\n'
        '{"text": "add event to calendar", "label": "calendar_event", "confidence": 0.67,'
        ' "source": "production", "corrected": true}\n'
    )


ODD_TEXTS = [
    *(
        '"',
        "\\",
        "\b\f\n\r\t",
        "\x01\x1f\x7f\x85",
        "\u2028\u2029",
        "é 日本 \U0001f600",
        "</script>",
    ),
    *("'", "$1 :name %s {}", "\ufeff\u202e", "a\\nb", "\ufffe\uffff"),
]
ODD_CONFIDENCES = [0, 1, 0.1, 1 / 3, 1e-5, 1e-300, 0.30000000000000004, 5e-324, 0.9999999999999999]


async def test_a_line_of_training_data_is_spelled_as_python_spells_it(
    world: World, task: str
) -> None:
    """The database writes these lines."""
    examples = [(text, 0.5) for text in ODD_TEXTS] + [("x", sure) for sure in ODD_CONFIDENCES]
    for text, sure in examples:
        await world.log(task=task, prompt=text, predicted_intent=text, confidence=sure)
    query = {"task": task, "min_confidence": 0}
    answer = await world.admin.get("/v1/exports/retraining", params=query)
    lines = [
        json.dumps(
            {
                "text": text,
                "label": text,
                "confidence": float(sure),
                "source": "production",
                "corrected": False,
            },
            ensure_ascii=False,
        )
        for text, sure in examples
    ]
    for mark in ("\x85", "\u2028", "\u2029"):
        lines = [line.replace(mark, f"\\u{ord(mark):04x}") for line in lines]
    assert answer.text.split("\n") == [*lines, ""]


async def test_review_rows_are_the_documents_field_for_field(world: World, task: str) -> None:
    log_id = await world.log(
        task=task,
        prompt="can you help me with my schedule",
        predicted_intent="scheduling",
        confidence=0.65,
    )
    created = (await world.admin.get(f"/v1/predictions/{log_id}")).json()["created_at"]
    (line,) = (await export(world, "review", task=task)).text.splitlines()
    when = json.loads(line)["created_at"]
    assert line == (
        f'{{"id": "{log_id}", "prompt": "can you help me with my schedule",'
        f' "predicted_intent": "scheduling", "confidence": 0.65, "created_at": "{when}",'
        ' "corrected_intent": "", "notes": ""}'
    )
    assert datetime.fromisoformat(when) == datetime.fromisoformat(created)


async def test_columns_are_the_schemas(world: World, task: str) -> None:
    await world.log(task=task, confidence=UNSURE)
    (training,) = await rows(world, "retraining", task=task, min_confidence=0)
    (to_review,) = await rows(world, "review", task=task)
    assert list(training) == list(ExportedRow.model_fields)
    assert list(to_review) == list(ReviewRow.model_fields)
    ExportedRow.model_validate(training)
    ReviewRow.model_validate(to_review)


async def test_only_sure_or_corrected_predictions_are_training_data(
    world: World, task: str
) -> None:
    await world.log(task=task, prompt="sure", confidence=0.8)
    await world.log(task=task, prompt="unsure", confidence=0.7999)
    assert await texts(world, "retraining", task=task) == {"sure"}
    assert await texts(world, "retraining", task=task, min_confidence=0.7) == {"sure", "unsure"}
    assert await texts(world, "retraining", task=task, min_confidence=0.9) == set()


async def test_a_rejected_correction_counts_for_nothing(world: World, task: str) -> None:
    for prompt, confidence in (("sure", SURE), ("unsure", UNSURE)):
        log_id = await world.log(task=task, prompt=prompt, confidence=confidence)
        correction = await world.correct(log_id, "wrong")
        await world.admin.post(f"/v1/corrections/{correction}/reject")
    (row,) = await rows(world, "retraining", task=task)
    assert (row["text"], row["label"], row["corrected"]) == ("sure", "greet", False)
    assert await texts(world, "review", task=task) == {"unsure"}


async def test_approved_only_leaves_out_what_is_still_disputed(world: World, task: str) -> None:
    """The sure prediction somebody objects to is not sure either."""
    settled = await world.correct(await world.log(task=task, prompt="settled"), "a")
    await world.approve(settled)
    await world.correct(await world.log(task=task, prompt="disputed", confidence=SURE), "b")
    await world.log(task=task, prompt="sure", confidence=SURE)
    assert await texts(world, "retraining", task=task) == {"settled", "disputed", "sure"}
    strict = await rows(world, "retraining", task=task, approved_only=True)
    assert [(row["text"], row["corrected"]) for row in strict] == [
        ("settled", True),
        ("sure", False),
    ]


async def test_the_approved_correction_outweighs_newer_ones(world: World, task: str) -> None:
    log_id = await world.log(task=task)
    await world.approve(await world.correct(log_id, "right"))
    await world.correct(log_id, "newer")
    for strict in (True, False):
        (row,) = await rows(world, "retraining", task=task, approved_only=strict)
        assert row["label"] == "right"


async def test_a_confirmed_prediction_needs_no_review_and_is_not_corrected(
    world: World, task: str
) -> None:
    for prompt, confidence in (("sure", SURE), ("unsure", UNSURE)):
        log_id = await world.log(task=task, prompt=prompt, confidence=confidence)
        await world.admin.post(f"/v1/predictions/{log_id}/confirm", json={})
    (row,) = await rows(world, "retraining", task=task)
    assert (row["text"], row["corrected"]) == ("sure", False)
    assert await texts(world, "review", task=task) == set()


async def test_an_extraction_is_labelled_by_its_output(world: World, task: str) -> None:
    output = {"people": [{"name": "Ann ü", "age": 4.5}]}
    await world.log(task=task, prompt="one", output=output, confidence=SURE)
    log_id = await world.log(task=task, prompt="two", output=output)
    path = f"/v1/predictions/{log_id}/corrections"
    await world.admin.post(path, json={"corrected_output": {}})
    labels = [row["label"] for row in await rows(world, "retraining", task=task)]
    assert labels == [output, {}]


async def test_days_are_counted_by_when_it_was_said(world: World, task: str) -> None:
    for days in (0.5, 5, 40):
        moment = datetime.now(UTC) - timedelta(days=days)
        prediction = {"id": str(uuid7(moment)), "task": task, "prompt": f"{days}"}
        await world.correct(await world.log(**prediction), "a")
        await world.log(**prediction | {"id": str(uuid7(moment)), "prompt": f"{days} unreviewed"})
    assert await texts(world, "retraining", task=task, days=1) == {"0.5"}
    assert await texts(world, "retraining", task=task, days=30) == {"0.5", "5"}
    assert await texts(world, "retraining", task=task) == {"0.5", "5", "40"}
    assert await texts(world, "review", task=task, days=1) == {"0.5 unreviewed"}


async def test_review_shows_the_least_certain_first_and_below_the_threshold(
    world: World, task: str
) -> None:
    for confidence in (0.6, 0.1, 0.7, 0.3):
        await world.log(task=task, confidence=confidence)
    sure = [row["confidence"] for row in await rows(world, "review", task=task)]
    assert sure == [0.1, 0.3, 0.6]
    below = await rows(world, "review", task=task, confidence_threshold=0.3)
    assert [row["confidence"] for row in below] == [0.1]


async def test_no_spreadsheet_runs_what_a_user_typed(world: World, task: str) -> None:
    nasty = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", '"quoted", and\r\nbroken', "plain"]
    for prompt in nasty:
        await world.log(task=task, prompt=prompt, predicted_intent="=cmd()", confidence=SURE)
    answer = await export(world, "retraining", task=task, format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, *table = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["text", "label", "confidence", "source", "corrected"]
    assert [line[0] for line in table] == ["'" + prompt for prompt in nasty[:7]] + nasty[7:]
    assert {tuple(line[1:]) for line in table} == {("'=cmd()", "0.92", "production", "false")}


HIDDEN = [
    *("＝1+1", "＋1", "－1", "＠x"),
    *("\u200b=1", "\ufeff\u00ad=1", "  =1", "\u3000＝1", '"=1', "\ufe0f+1"),
]


@pytest.mark.parametrize("formula", HIDDEN)
@pytest.mark.parametrize("before", ["", "hello;", "hello\t", "a;b\n", "hello; "])
async def test_no_formula_hides_behind_a_sign_that_splits_or_is_not_seen(
    world: World, task: str, formula: str, before: str
) -> None:
    await world.log(task=task, prompt=before + formula, confidence=SURE)
    answer = await export(world, "retraining", task=task, format="csv")
    _, (text, *_) = csv.reader(io.StringIO(answer.text, newline=""))
    at = before.rstrip(" ")
    assert text == f"{at}'{(before + formula).removeprefix(at)}"


async def test_a_sign_in_the_middle_of_a_text_is_left_alone(world: World, task: str) -> None:
    text = "it costs 3-4; well, e-mail me @home = fine"
    await world.log(task=task, prompt=text, confidence=SURE)
    answer = await export(world, "retraining", task=task, format="csv")
    assert list(csv.reader(io.StringIO(answer.text)))[1][0] == text


async def test_the_review_file_can_be_one_json_array(world: World, task: str) -> None:
    assert (await export(world, "review", task=task, format="json")).json() == []
    for number in range(3):
        await world.log(task=task, prompt=f"line\u2028{number} ü", confidence=number / 10)
    answer = await export(world, "review", task=task, format="json")
    assert answer.json() == await rows(world, "review", task=task)
    assert '    "predicted_intent": "greet",\n' in answer.text
