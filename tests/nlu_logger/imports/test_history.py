"""History comes over with its time, its outcomes and its corrections, once and for good."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from nlu_shared.ids import time_of
from nlu_shared.schemas.imports import HistoryLine

from tests.nlu_logger.world import World, connected

JSONL, CSV = "application/x-ndjson", "text/csv"
COLUMNS = [*HistoryLine.model_fields, "updated_at"]


def row(**fields: Any) -> dict[str, Any]:
    """A row as the original table dumps it."""
    known = {"id": str(uuid4()), "prompt": "hello", "predicted_intent": "greet", "confidence": 0.5}
    return dict.fromkeys(COLUMNS) | known | {"created_at": _ago(days=3).isoformat()} | fields


def _ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def lines(*rows: dict[str, Any]) -> str:
    return "\n".join(map(json.dumps, rows))


def table(*rows: dict[str, Any]) -> str:
    """As `COPY … TO STDOUT CSV HEADER` writes it."""
    written = io.StringIO()
    made = csv.DictWriter(written, COLUMNS)
    made.writeheader()
    for one in rows:
        made.writerow({name: _psql(value) for name, value in one.items()})
    return written.getvalue()


def _psql(value: Any) -> Any:
    if isinstance(value, bool):
        return "t" if value else "f"
    return json.dumps(value) if isinstance(value, list) else value


async def test_columns_that_are_left_aside_are_named(world: World, task: str) -> None:
    ours = {"model_version": "m1", "prompt_version": "v6", "Of Ann": "a word", "empty": None}
    answer = await send(world, task, lines(row(**ours), row(updated_at="2026-01-01")))
    assert (answer["created"], answer["refused"]) == (2, 0)
    assert answer["ignored"] == ["model_version", "one of its names", "prompt_version"]
    assert (await send(world, task, lines(row(confidence=0.25))))["ignored"] == []


async def send(
    world: World, task: str, body: str, kind: str = JSONL, **params: Any
) -> dict[str, Any]:
    answer = await world.admin.post(
        "/v1/predictions:import",
        content=body.encode(),
        headers={"content-type": kind},
        params={"task": task, **params},
    )
    assert answer.status_code == 207, answer.text
    result: dict[str, Any] = answer.json()
    return result


async def read(world: World, identifier: str) -> dict[str, Any]:
    answer = await world.admin.get(f"/v1/predictions/{identifier}")
    assert answer.status_code == 200, answer.text
    answered: dict[str, Any] = answer.json()
    return answered


@pytest.mark.parametrize("kind", [JSONL, CSV])
async def test_a_dump_comes_over_whole_and_once(world: World, task: str, kind: str) -> None:
    old = row(
        user_id=str(uuid4()),
        secondary_intents=[{"intent": "leave", "confidence": 0.25}],
        corrected_intent="calendar_event",
        correction_notes="she meant the calendar",
        was_successful=False,
        workflow_type="scheduling",
        execution_error="no such day",
        conversation_id=str(uuid4()),
        message_index=4,
        created_at=f"{_ago(days=3):%Y-%m-%d %H:%M:%S.%f}+00",
    )
    body = lines(old) if kind == JSONL else table(old)
    result = await send(world, task, body, kind)
    assert (result["created"], result["past_retention"]) == (1, 0)
    prediction = await read(world, result["items"][0]["id"])
    assert UUID(prediction["id"]).version == 7
    assert prediction["source_id"] == old["id"]
    assert prediction["task"] == task
    same = set(COLUMNS) - {"id", "created_at", "updated_at"}
    assert {name: prediction[name] for name in same} == {name: old[name] for name in same}
    assert prediction["created_at"] == time_of(UUID(prediction["id"])).isoformat().replace(
        "+00:00", "Z"
    )
    again = await send(world, task, body, kind)
    assert (again["created"], again["repeated"]) == (0, 1)
    assert again["items"][0]["id"] == prediction["id"]
    assert await read(world, prediction["id"]) == prediction


async def test_history_goes_into_its_own_month_however_old(world: World, task: str) -> None:
    ages = [_ago(days=400), _ago(days=3650), datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)]
    result = await send(world, task, lines(*(row(created_at=at.isoformat()) for at in ages)))
    assert (result["created"], result["past_retention"]) == (3, 3)
    async with connected(world.database.owner_url) as owner:
        places = await owner.fetch(
            "SELECT tableoid::regclass::text FROM nlu_prompt_logs WHERE task = $1 ORDER BY id", task
        )
    assert [place for (place,) in places] == [f"nlu_prompt_logs_{at:%Y_%m}" for at in sorted(ages)]


async def test_corrections_of_history_are_proposed_or_approved(world: World, task: str) -> None:
    body = lines(
        row(prompt="one", corrected_intent="leave"),
        row(prompt="two", corrected_intent="greet"),
        row(prompt="three", correction_notes="odd"),
    )
    result = await send(world, task, body)
    assert (await world.truth(task))[-1]["count"] == 0
    shown = [await read(world, one["id"]) for one in result["items"]]
    assert [one["corrected_intent"] for one in shown] == ["leave", None, None]
    assert shown[2]["correction_notes"] == "odd"
    assert (await send(world, task, body, approve=True))["repeated"] == 3
    *cases, _ = await world.truth(task)
    truths = {case["text"]: case["truth"] for case in cases}
    assert truths == {"one": "leave", "two": "greet"}


async def test_a_review_file_of_the_old_system_still_finds_its_rows(
    world: World, task: str
) -> None:
    old = row()
    result = await send(world, task, lines(old))
    filled = lines({"id": old["id"], "corrected_intent": "leave", "notes": ""})
    answer = await world.admin.post(
        "/v1/corrections:import", content=filled, headers={"content-type": JSONL}
    )
    assert [one["status"] for one in answer.json()["items"]] == [201]
    assert (await read(world, result["items"][0]["id"]))["corrected_intent"] == "leave"


async def test_whole_numbers_are_ids_and_a_list_in_a_cell_is_its_label(
    world: World, task: str
) -> None:
    number = uuid4().int >> 80
    result = await send(world, task, lines(row(id=number), row(predicted_intent=7), row(id=True)))
    assert [one["status"] for one in result["items"]] == [201, 201, 422]
    assert (await send(world, task, lines(row(id=True))))["refused"] == 1
    assert (await read(world, result["items"][0]["id"]))["source_id"] == str(number)
    cells = ("[]", "{}", '["a", "b"]', "['leave']")
    answer = await world.admin.post(
        "/v1/corrections:import",
        content=lines(*({"id": number, "corrected_intent": one} for one in cells)),
        headers={"content-type": JSONL},
    )
    statuses = {one["line"]: (one["status"], one["code"]) for one in answer.json()["items"]}
    assert statuses[1] == statuses[2] == (200, "skipped")
    assert (statuses[3], statuses[4]) == ((422, "invalid"), (201, None))
    assert (await read(world, result["items"][0]["id"]))["corrected_intent"] == "leave"


async def test_a_bad_line_is_told_and_stops_no_other(world: World, task: str) -> None:
    twice = row()
    body = lines(
        row(created_at="2026-01-01 00:00:00"),
        row(created_at="yesterday"),
        row(created_at=_ago(days=-3).isoformat()),
        row(created_at="1969-12-31T23:59:59Z"),
        row(prompt=""),
        row(confidence=1.5),
        row(secondary_intents="[" * 9_000),
        twice,
        twice,
        twice | {"prompt": "something else"},
        row(confidence=None),
    )
    result = await send(world, task, body)
    assert [(one["status"], one["code"]) for one in result["items"]] == [
        (422, "invalid"),
        (422, "invalid"),
        (422, "id_out_of_range"),
        (422, "id_out_of_range"),
        (422, "invalid"),
        (422, "invalid"),
        (422, "invalid"),
        (201, None),
        (200, None),
        (409, "id_conflict"),
        (201, None),
    ]


async def test_ingest_is_not_stopped_by_a_month_that_cannot_be_made(
    world: World, task: str
) -> None:
    """Somebody reads the table for long: the row goes to the default partition instead."""
    old = row(created_at="2001-01-01T00:00:00Z")
    async with connected(world.database.owner_url) as owner, owner.transaction():
        await owner.execute("LOCK TABLE nlu_prompt_logs_default IN ACCESS SHARE MODE")
        assert (await send(world, task, lines(old)))["created"] == 1
        await world.log(task=task)
    async with connected(world.database.owner_url) as owner:
        place = await owner.fetchval(
            "SELECT tableoid::regclass::text FROM nlu_prompt_logs WHERE source_id = $1", old["id"]
        )
    assert place == "nlu_prompt_logs_default"
