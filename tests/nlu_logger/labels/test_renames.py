"""A label renamed over history: what carries it, what was in dispute, and what comes late."""

import asyncio
import json
from typing import Any

import pytest
from nlu_shared.ids import uuid7, uuid8
from nlu_shared.schemas.ground_truth import case_hash, dataset_hash

from tests.nlu_logger.labels.speaking import add, define, labels, names, put, rename, truths
from tests.nlu_logger.world import World, connected


async def test_a_renamed_label_has_its_history_and_its_late_answers(
    world: World, task: str
) -> None:
    await define(world, task, {"name": "go", "description": "ends it"}, "greet")
    correction = await world.correct(await world.log(task=task, prompt="one"), "go")
    await world.approve(correction)
    open_log = await world.log(task=task, prompt="two")
    waiting = await world.correct(open_log, "go")
    before = (await world.truth(task))[-1]["sha256"]

    assert await rename(world, task, "go", "leave") == {
        "version": 2,
        "cases": 1,
        "corrections": 2,
        "conflicts_ended": 0,
    }
    case, end = await world.truth(task)
    assert case["truth"] == "leave"
    assert end["sha256"] != before
    shown = (await world.admin.get(f"/v1/predictions/{open_log}")).json()
    assert shown["corrected_intent"] == "leave"
    assert (await labels(world, task))["labels"][0] == {
        "name": "leave",
        "description": "ends it",
        "aliases": ["go"],
        "retired": False,
    }
    await world.approve(waiting)
    assert (await add(world, task, "three", "go")).status_code == 201
    assert set((await truths(world, task)).values()) == {"leave"}
    audit = await world.admin.get("/v1/admin/audit", params={"action": "labels.rename"})
    assert audit.json()["items"][0]["details"] == {
        "label": "go",
        "to": "leave",
        "version": 2,
        "cases": 1,
        "corrections": 2,
        "conflicts_ended": 0,
    }


async def test_what_is_hashed_anew_hashes_as_if_it_had_been_said_so(
    world: World, task: str
) -> None:
    """Another database that says the same has the same cases and the same data set."""
    context = {"before": [{"text": "hm"}]}
    for number in range(3):
        await add(world, task, f"text {number}", "old", group="g", context=context)
    await rename(world, task, "old", "new")
    *cases, end = await world.truth(task)
    for case in cases:
        assert case["hash"] == case_hash(
            task=task,
            text=case["text"],
            truth="new",
            group="g",
            may_quote=True,
            context=context,
        )
    assert end["sha256"] == dataset_hash(case["hash"] for case in cases)


async def test_more_cases_than_one_statement_holds_are_renamed(world: World, task: str) -> None:
    async with connected(world.database.owner_url) as owner:
        await owner.executemany(
            "INSERT INTO ground_truth (id, task, text, text_key, truth, may_quote, hash,"
            " approved_by) VALUES ($1, $2, $3, $3, '\"old\"', true, 'h', 'me')",
            [(uuid8(task, str(n)), task, f"text {n}") for n in range(2_500)],
        )
    assert (await rename(world, task, "old", "new"))["cases"] == 2_500
    assert set((await truths(world, task)).values()) == {"new"}


async def test_a_label_is_merged_into_one_that_exists(world: World, task: str) -> None:
    await define(
        world,
        task,
        {"name": "create_event", "aliases": ["make_event"]},
        {"name": "Create_Event", "description": "puts it in the calendar", "aliases": ["new"]},
    )
    await add(world, task, "a", "create_event")
    await add(world, task, "b", "Create_Event")
    assert (await rename(world, task, "Create_Event", "create_event"))["cases"] == 1
    assert (await labels(world, task))["labels"] == [
        {
            "name": "create_event",
            "description": "puts it in the calendar",
            "aliases": ["make_event", "Create_Event", "new"],
            "retired": False,
        }
    ]
    assert set((await truths(world, task)).values()) == {"create_event"}


async def test_a_set_that_nobody_defined_stays_open_and_remembers_the_old_spelling(
    world: World, task: str
) -> None:
    await add(world, task, "a", "create_event")
    await add(world, task, "b", "Create_Event")
    assert (await rename(world, task, "Create_Event", "create_event"))["version"] == 0
    assert (await add(world, task, "c", "Create_Event")).json()["warning"] is None
    assert (await add(world, task, "d", "anything else")).status_code == 201
    now = await labels(world, task)
    assert (now["version"], now["warnings"]) == (0, [])
    assert {one["name"]: one["aliases"] for one in now["labels"]} == {
        "anything else": [],
        "create_event": ["Create_Event"],
    }
    assert (await define(world, task, *now["labels"]))["version"] == 1


async def test_an_alias_becomes_the_name_and_back(world: World, task: str) -> None:
    await define(world, task, {"name": "go", "aliases": ["leave"]})
    await add(world, task, "a", "go")
    await rename(world, task, "go", "leave")
    await rename(world, task, "go", "leave")
    assert (await labels(world, task))["labels"][0]["aliases"] == ["go"]
    await rename(world, task, "leave", "go")
    assert await names(world, task) == ["go"]
    assert await truths(world, task) == {"a": "go"}


async def test_two_truths_in_dispute_that_are_one_label_now_are_no_conflict(
    world: World, task: str
) -> None:
    await add(world, task, "a text", "go")
    disputing = await world.correct(await world.log(task=task, prompt="a text"), "leave")
    assert (await world.approve(disputing)).status_code == 409
    await add(world, task, "another", "go")
    await add(world, task, "another", "greet")
    changed = await rename(world, task, "go", "leave")
    assert (changed["cases"], changed["conflicts_ended"]) == (2, 1)
    (left,) = await conflicts(world, task)
    assert (left["standing_truth"], left["other_truth"]) == ("leave", "greet")
    # A person still decides on the correction; approving it now joins the case.
    assert (await world.approve(disputing)).status_code == 200
    assert (await world.truth(task))[-1]["count"] == 2


async def test_two_disputes_that_say_the_same_now_are_one(world: World, task: str) -> None:
    for truth in ("stands", "go", "leave"):
        await add(world, task, "a text", truth)
    assert len(await conflicts(world, task)) == 2
    await rename(world, task, "go", "leave")
    (one,) = await conflicts(world, task)
    assert one["other_truth"] == "leave"


async def test_who_said_both_names_of_a_label_has_said_one_thing_twice(
    world: World, task: str
) -> None:
    log_id = await world.log(task=task)
    for label in ("go", "leave"):
        await world.correct(log_id, label)
    await rename(world, task, "go", "leave")
    listed = await world.admin.get("/v1/corrections", params={"prediction_id": log_id})
    assert [one["corrected_intent"] for one in listed.json()["items"]] == ["leave", "leave"]
    again = {"corrected_intent": "go"}
    response = await world.admin.post(f"/v1/predictions/{log_id}/corrections", json=again)
    assert response.status_code == 200
    assert (await rename(world, task, "leave", "depart"))["corrections"] == 2


async def test_a_doubt_that_suggests_what_stands_is_answered(world: World, task: str) -> None:
    cases = [(await add(world, task, text, "go")).json()["id"] for text in ("one", "two")]
    findings = [
        {"case_id": case, "kind": "always-missed", "suggested": suggested}
        for case, suggested in zip(cases, ("leave", "greet"), strict=True)
    ]
    await world.admin.post("/v1/reviews/findings", json={"findings": findings})
    await rename(world, task, "go", "leave")
    queue = await world.admin.get("/v1/reviews/queues/suspicious-label", params={"task": task})
    assert [one["id"] for one in queue.json()["items"]] == [cases[1]]


@pytest.mark.parametrize("stored", ["book_table ", ["book_table"], " book_table", "book_table"])
async def test_what_was_stored_before_there_was_one_reading_is_renamed_with_the_rest(
    world: World, task: str, stored: Any
) -> None:
    async with connected(world.database.owner_url) as owner:
        await owner.execute(
            "INSERT INTO ground_truth (id, task, text, text_key, truth, may_quote, hash,"
            " approved_by) VALUES ($1, $2, 'a', 'a', $3::text::jsonb, true, 'h', 'me')",
            uuid7(),
            task,
            json.dumps(stored),
        )
    assert await names(world, task) == ["book_table"]
    assert (await rename(world, task, "book_table", "book_table"))["cases"] == (
        stored != "book_table"
    )
    assert await truths(world, task) == {"a": "book_table"}


async def test_only_the_label_of_its_task_is_renamed(world: World, task: str) -> None:
    for name in (task, f"{task}-2"):
        await add(world, name, "a", "go")
        await world.correct(await world.log(task=name), "go")
    assert (await rename(world, task, "go", "leave"))["corrections"] == 1
    assert await truths(world, f"{task}-2") == {"a": "go"}


async def test_a_label_nobody_knows_cannot_be_renamed(world: World, task: str) -> None:
    path = f"/v1/tasks/{task}/labels/nothing/rename"
    assert (await world.admin.post(path, json={"to": "x"})).status_code == 404
    await define(world, task, "greet")
    assert (await world.admin.post(path, json={"to": "  "})).status_code == 422


async def test_approvals_during_a_rename_lose_nothing(world: World, task: str) -> None:
    """Whoever comes first: what stands afterwards carries the new name alone."""
    await define(world, task, "go", "greet")
    proposed = [
        await world.correct(await world.log(task=task, prompt=f"text {n}"), "go") for n in range(12)
    ]
    await add(world, task, "first", "go")
    answers = await asyncio.gather(
        *(world.approve(one) for one in proposed[:6]),
        rename(world, task, "go", "leave"),
        *(world.approve(one) for one in proposed[6:]),
        put(world.admin, task, "greet", {"name": "go"}, {"name": "leave"}),
        return_exceptions=True,
    )
    assert not [one for one in answers if isinstance(one, Exception)]
    for one in proposed:
        assert (await world.approve(one)).status_code == 200
    stand = set((await truths(world, task)).values())
    assert stand <= set(await names(world, task))


async def conflicts(world: World, task: str) -> list[dict[str, Any]]:
    listed = await world.admin.get("/v1/reviews/conflicts", params={"task": task})
    items: list[dict[str, Any]] = listed.json()["items"]
    return items


async def test_a_label_with_a_slash_is_renamed_like_any_other(world: World, task: str) -> None:
    await define(world, task, "faq/hours", "greet")
    assert (await add(world, task, "when are you open", "faq/hours")).status_code == 201
    assert (await rename(world, task, "faq/hours", "hours"))["cases"] == 1
    assert await truths(world, task) == {"when are you open": "hours"}
