"""A task's label set: defined, read as it was, never contradicting itself or the truths."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.nlu_logger.labels.speaking import add, define, labels, names, put
from tests.nlu_logger.world import World, connected


async def test_a_set_nobody_defined_is_open_and_has_the_labels_of_the_truths(
    world: World, task: str
) -> None:
    assert (await labels(world, task)) == {
        "task": task,
        "version": 0,
        "labels": [],
        "warnings": [],
    }
    for text, truth in (("a", "greet"), ("b", "leave"), ("c", "greet"), ("d", {"people": []})):
        assert (await add(world, task, text, truth)).status_code == 201
    assert await names(world, task) == ["greet", "leave"]


async def test_every_change_is_a_version_that_stays_readable(world: World, task: str) -> None:
    first = await define(world, task, {"name": "greet", "description": "says hello"})
    assert (first["version"], first["labels"][0]["description"]) == (1, "says hello")
    assert (await define(world, task, {"name": "greet", "description": "says hello"})) == first
    second = await define(world, task, "greet", {"name": "leave", "retired": True}, replaces=1)
    assert second["version"] == 2
    path = f"/v1/tasks/{task}/labels/versions"
    assert (await world.admin.get(f"{path}/1")).json() == first
    listed = (await world.admin.get(path)).json()["items"]
    assert [(one["version"], one["labels"]) for one in listed] == [(2, 2), (1, 1)]
    assert (await world.admin.get(f"{path}/9")).status_code == 404
    audit = await world.admin.get("/v1/admin/audit", params={"subject": task})
    assert [one["action"] for one in audit.json()["items"]] == ["labels.define"] * 2


async def test_two_who_change_one_version_do_not_lose_what_the_other_did(
    world: World, task: str
) -> None:
    await define(world, task, "greet")
    both = await asyncio.gather(
        *(put(world.admin, task, "greet", f"label-{n}", replaces=1) for n in range(2))
    )
    assert sorted(one.status_code for one in both) == [200, 409]
    assert {one.json().get("code") for one in both} == {None, "another_version"}


@pytest.mark.parametrize(
    ("specs", "place"),
    [
        ([{"name": "a"}, {"name": " a "}], "labels.1.name"),
        ([{"name": "a", "aliases": ["b"]}, {"name": "b"}], "labels.0.aliases.0"),
        ([{"name": "a", "aliases": ["x"]}, {"name": "b", "aliases": ["x"]}], "labels.1.aliases.0"),
        ([{"name": "a", "aliases": ["y", "a"]}], "labels.0.aliases.1"),
    ],
)
async def test_a_set_that_contradicts_itself_is_refused_at_its_place(
    world: World, task: str, specs: list[dict[str, Any]], place: str
) -> None:
    refused = await put(world.admin, task, *specs)
    assert (refused.status_code, refused.json()["code"]) == (422, "label_twice")
    assert [".".join(one["loc"]) for one in refused.json()["errors"]] == [f"body.{place}"]


@pytest.mark.parametrize("name", ["", "   ", None, True, ["a", "b"], {"a": 1}, "x" * 201, "a\x00"])
async def test_what_is_no_label_is_refused_with_its_field(
    world: World, task: str, name: Any
) -> None:
    refused = await put(world.admin, task, {"name": "good"}, {"name": name})
    assert refused.status_code in (400, 422)
    if refused.json().get("errors"):
        assert [one["loc"][-2:] for one in refused.json()["errors"]] == [["1", "name"]]
    assert await names(world, task) == []


async def test_an_empty_set_is_a_slip(world: World, task: str) -> None:
    refused = await put(world.admin, task)
    assert refused.status_code == 422
    assert [one["type"] for one in refused.json()["errors"]] == ["too_short"]


async def test_names_are_spelled_one_way(world: World, task: str) -> None:
    made = await define(world, task, "  book   a table ", "cafe\u0301", {"name": "7"})
    assert [one["name"] for one in made["labels"]] == ["book a table", "caf\u00e9", "7"]


async def test_a_label_that_truths_carry_is_retired_or_renamed_and_not_dropped(
    world: World, task: str
) -> None:
    await add(world, task, "a", "greet")
    await add(world, task, "b", "leave")
    refused = await put(world.admin, task, "greet", {"name": "go", "aliases": ["leave"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "label_in_use")
    assert refused.json()["labels"] == ["leave"]
    made = await define(world, task, "greet", {"name": "leave", "retired": True})
    assert made["version"] == 1


async def test_labels_that_are_nearly_one_are_a_warning_with_the_way_out(
    world: World, task: str
) -> None:
    made = await define(world, task, "create_event", "Create Event", "other")
    (warning,) = made["warnings"]
    assert (warning["label"], warning["like"]) == ("Create Event", ["create_event"])
    assert "rename" in warning["detail"]
    assert (await labels(world, task))["warnings"] == made["warnings"]


async def test_who_may_read_a_set_may_not_change_it_and_a_key_stays_in_its_task(
    world: World, task: str
) -> None:
    await define(world, task, "greet")
    async with await world.key("ground-truth:read", tasks=[task]) as reader:
        assert (await reader.get(f"/v1/tasks/{task}/labels")).status_code == 200
        assert (await reader.get(f"/v1/tasks/{task}-2/labels")).status_code == 403
        assert (await reader.get(f"/v1/tasks/{task}-2/labels/versions")).status_code == 403
        assert (await put(reader, task, "greet", "leave")).status_code == 403
    async with await world.key("labels:write", tasks=[task]) as writer:
        assert (await put(writer, task, "greet", "leave")).status_code == 200
        assert (await put(writer, f"{task}-2", "greet")).status_code == 403
        path = f"/v1/tasks/{task}/labels/leave/rename"
        assert (await writer.post(path, json={"to": "go"})).status_code == 200
        foreign = f"/v1/tasks/{task}-2/labels/leave/rename"
        assert (await writer.post(foreign, json={"to": "go"})).status_code == 403


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("user", "INSERT INTO label_sets VALUES ('t', 1, '[]', 'me')"),
        ("service", "INSERT INTO label_sets VALUES ('t', 1, '[]', 'me')"),
        ("service", "SELECT rename_truths('t', 'a', 'b', '{}', '{}')"),
        ("service", "SELECT rename_corrections('t', 'a', 'b', '{}', '{}')"),
        ("service", "SELECT rename_doubts('t', 'a', 'b', 'c')"),
        ("reviewer", "UPDATE label_sets SET version = 1"),
        ("admin", "DELETE FROM label_sets"),
        ("reviewer", "UPDATE corrections SET corrected_intent = 'x'"),
        ("writer", "SELECT * FROM label_sets"),
    ],
)
async def test_no_role_has_more_rights_over_label_sets_than_it_needs(
    world: World, role: str, statement: str
) -> None:
    async with connected(world.database.app_url) as app, app.transaction():
        await app.execute(f"SET LOCAL ROLE nlu_logger_{role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with app.transaction():
                await app.execute(statement)


async def test_the_history_of_a_defined_set_cannot_be_rewritten(world: World, task: str) -> None:
    made = await define(world, task, "greet")
    async with connected(world.database.app_url) as app, app.transaction():
        await app.execute("SET LOCAL ROLE nlu_logger_admin")
        changed = await app.execute("UPDATE label_sets SET labels = '[]'")
    assert changed == "UPDATE 0"
    assert await labels(world, task) == made


async def test_a_name_alone_is_a_label(world: World, task: str) -> None:
    body = {"labels": ["pay", {"name": "stop", "aliases": ["end"]}]}
    answer = await world.admin.put(f"/v1/tasks/{task}/labels", json=body)
    assert answer.status_code == 200, answer.text
    assert await names(world, task) == ["pay", "stop"]
    unreachable = await world.admin.put(f"/v1/tasks/{task}/labels", json={"labels": [".."]})
    assert unreachable.status_code == 422
