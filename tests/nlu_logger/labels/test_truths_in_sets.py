"""Every door where a truth comes in: one reading, the set checked, a new label on purpose only."""

from typing import Any
from uuid import uuid4

import pytest
from nlu_shared.client.repository import create_nlu_repository

from tests.nlu_logger.labels.doors import (
    EARLY,
    READ,
    SET,
    WAYS,
    Way,
    imported,
    outcome,
    posted,
    reviewed_in_a_file,
)
from tests.nlu_logger.labels.speaking import add, define, labels, names, truths
from tests.nlu_logger.world import World


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("label", ["refund", "Greet", "old"])
async def test_no_door_takes_what_the_set_lacks(
    world: World, task: str, way: Way, label: str
) -> None:
    if way in EARLY:
        await define(world, task, *SET)
    assert outcome(await way(world, task, label, False)) == (422, "unknown_label")
    assert label not in (await truths(world, task)).values()
    assert await names(world, task) == ["greet", "leave", "old"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("label", ["refund", "Greet", "old"])
async def test_every_door_adds_a_label_on_purpose(
    world: World, task: str, way: Way, label: str
) -> None:
    if way in EARLY:
        await define(world, task, *SET)
    assert outcome(await way(world, task, label, True))[0] in (200, 201)
    assert await truths(world, task) == {"hello there": label}
    retired = {one["name"]: one["retired"] for one in (await labels(world, task))["labels"]}
    assert retired == {"greet": False, "leave": False, "old": True} | {label: False}


@pytest.mark.parametrize("way", WAYS)
async def test_an_alias_is_its_label_at_every_door(world: World, task: str, way: Way) -> None:
    if way in EARLY:
        await define(world, task, *SET)
    assert outcome(await way(world, task, "go", False))[0] in (200, 201)
    assert await truths(world, task) == {"hello there": "leave"}


@pytest.mark.parametrize("way", EARLY)
async def test_an_open_set_takes_any_label_in_one_spelling(
    world: World, task: str, way: Way
) -> None:
    assert outcome(await way(world, task, "  book   a\ttable ", False))[0] in (200, 201)
    assert await truths(world, task) == {"hello there": "book a table"}


@pytest.mark.parametrize("way", READ)
@pytest.mark.parametrize(
    ("sent", "truth"),
    [
        (["book_table"], "book_table"),
        (0, "0"),
        (1.0, "1"),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
async def test_there_is_one_reading_of_a_truth(
    world: World, task: str, way: Way, sent: Any, truth: str
) -> None:
    assert outcome(await way(world, task, sent, False))[0] in (200, 201)
    assert await truths(world, task) == {"hello there": truth}


@pytest.mark.parametrize("way", READ)
@pytest.mark.parametrize("sent", [["a", "b"], True, 0.5, "x" * 201])
async def test_what_is_no_label_is_refused_with_the_reason_at_every_door(
    world: World, task: str, way: Way, sent: Any
) -> None:
    answer = await way(world, task, sent, False)
    assert outcome(answer)[0] == 422
    assert any(why in answer.text for why in ("no_label", "several_labels", "label_too_long"))
    assert await truths(world, task) == {}


@pytest.mark.parametrize("way", [imported, reviewed_in_a_file])
@pytest.mark.parametrize("sent", [[], "   ", "", None])
async def test_a_line_without_a_label_is_skipped_and_counted(
    world: World, task: str, way: Way, sent: Any
) -> None:
    body = (await way(world, task, sent, False)).json()
    assert (body["skipped"], body["created"], body["refused"]) == (1, 0, 0)
    assert await truths(world, task) == {}


@pytest.mark.parametrize("sent", [[], "   ", None])
async def test_a_truth_that_says_nothing_is_refused_where_one_is_given(
    world: World, task: str, sent: Any
) -> None:
    assert outcome(await posted(world, task, sent, False)) == (422, "no_truth")


async def test_a_table_with_blanks_round_its_labels_has_one_label(world: World, task: str) -> None:
    table = "text,label\nreserve a table,book_table\nget us a table,book_table \nbook, book_table\n"
    table += "stop it,BOOK_TABLE\n"
    answer = await world.admin.post(
        "/v1/ground-truth:import",
        params={"task": task},
        content=table,
        headers={"content-type": "text/csv"},
    )
    *same, other = answer.json()["items"]
    assert [one["warning"] for one in same] == [None] * 3
    assert other["warning"]["like"] == ["book_table"]
    assert await names(world, task) == ["BOOK_TABLE", "book_table"]


async def test_what_is_nearly_another_label_is_a_warning_at_an_open_set_and_a_hint_at_a_closed_one(
    world: World, task: str
) -> None:
    await add(world, task, "a", "create_event")
    warned = (await add(world, task, "b", "Create Event")).json()["warning"]
    assert (warned["label"], warned["like"]) == ("Create Event", ["create_event"])
    assert "rename" in warned["detail"]
    correction = await world.correct(await world.log(task=task, prompt="c"), "create-event")
    approval = (await world.approve(correction)).json()
    assert approval["warning"]["like"] == ["Create Event", "create_event"]

    await define(world, f"{task}-2", "other", "create_event")
    refused = (await add(world, f"{task}-2", "b", "Create-Event")).json()
    assert refused["labels"] == ["create_event", "other"]
    assert "alias" in refused["detail"]
    assert "allow_new" in refused["detail"]
    taken = await add(world, f"{task}-2", "b", "Create-Event", allow_new=True)
    assert taken.json()["warning"]["like"] == ["create_event"]


async def test_a_refusal_offers_the_tasks_labels_and_never_what_was_sent(
    world: World, task: str
) -> None:
    await define(world, task, *SET)
    refused = await posted(world, task, "Some Private Words", False)
    assert refused.json()["labels"] == ["greet", "leave"]
    assert "Private" not in refused.text
    line = (await imported(world, task, "Some Private Words", False)).json()["items"][0]
    assert line["detail"].endswith(" Labels: greet, leave")


async def test_predictions_carry_anything(world: World, task: str) -> None:
    await define(world, task, *SET)
    for answer in ("refund", "old", "  Greet "):
        await world.log(task=task, predicted_intent=answer)


async def test_who_makes_no_truths_adds_no_labels(world: World, task: str) -> None:
    await define(world, task, *SET)
    user = uuid4()
    log_id = await world.log(task=task, user_id=str(user))
    body = {"corrected_intent": "refund", "allow_new": True}
    path = f"/v1/predictions/{log_id}/corrections"
    async with world.user(user) as ann, await world.key("corrections:write") as backend:
        for caller in (ann, backend):
            refused = await caller.post(path, json=body)
            assert (refused.status_code, refused.json()["code"]) == (403, "may_add_no_label")
        assert (await ann.post(path, json={"corrected_intent": "leave"})).status_code == 201
    assert await names(world, task) == ["greet", "leave", "old"]


async def test_what_was_added_is_in_the_audit_log_and_once(world: World, task: str) -> None:
    await define(world, task, "greet")
    for text in ("a", "b"):
        assert (await add(world, task, text, "leave", allow_new=True)).status_code == 201
    lines_of = await world.admin.get("/v1/admin/audit", params={"subject": task})
    added = [one for one in lines_of.json()["items"] if one["action"] == "labels.add"]
    assert [one["details"] for one in added] == [{"label": "leave", "version": 2}]


async def test_a_structure_is_no_truth_of_a_task_with_a_label_set(world: World, task: str) -> None:
    assert (await add(world, task, "a", {"people": []})).status_code == 201
    await define(world, f"{task}-2", "greet")
    assert outcome(await add(world, f"{task}-2", "a", {"people": []})) == (422, "no_label")
    log_id = await world.log(task=f"{task}-2", prompt="b", output={"intent": "greet"})
    confirmation = await world.admin.post(f"/v1/predictions/{log_id}/confirm", json={})
    await world.approve(confirmation.json()["id"])
    assert await truths(world, f"{task}-2") == {"b": "greet"}


async def test_quoting_can_be_allowed_when_the_label_is_retired(world: World, task: str) -> None:
    correction = await world.correct(await world.log(task=task), "leave")
    await world.approve(correction)
    await define(world, task, {"name": "leave", "retired": True})
    assert (await world.approve(correction, may_quote=True)).status_code == 200
    assert (await world.truth(task))[0]["may_quote"]


async def test_the_client_adds_a_label_on_purpose(world: World, task: str) -> None:
    await define(world, task, "greet")
    log_id = await world.log(task=task)
    key = world.admin.headers["authorization"].removeprefix("Bearer ")
    async with create_nlu_repository(url=world.url, key=key) as log:
        made = await log.add_prompt_correction(log_id, "refund", allow_new=True)
    assert made.corrected_intent == "refund"
    assert await names(world, task) == ["greet", "refund"]
