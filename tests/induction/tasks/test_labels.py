"""A task's labels are nlu-logger's: defined once, changed as a version, frozen with each run."""

from typing import Any

import pytest
from offline_model.settings import OfflineSettings

from tests.fixtures.databases import Databases
from tests.fixtures.labelled import add_case, make_task, old_task
from tests.fixtures.servers import Servers
from tests.fixtures.stack import Stack, client, opened, until
from tests.induction.runs.driving import reached, shown, start
from tests.induction.tasks.changing import (
    TOPICS,
    YES_NO,
    changed,
    define,
    labels_of,
    made,
    smuggle,
)


async def test_labels_given_to_a_new_task_define_the_set(stack: Stack) -> None:
    answer = await made(stack, "defining", labels=YES_NO)
    assert (answer.status_code, answer.json()["labels_version"]) == (201, 1)
    assert (await labels_of(stack, "defining"))["labels"] == answer.json()["labels"]


async def test_a_task_takes_the_set_that_stands(stack: Stack) -> None:
    await define(stack, "taking", [{"name": "yes", "aliases": ["yep"]}, {"name": "no"}])
    answer = await made(stack, "taking")
    assert (answer.status_code, answer.json()["labels_version"]) == (201, 1)
    assert [one["name"] for one in answer.json()["labels"]] == ["yes", "no"]
    again = await made(stack, "taking", labels=[{"name": "no"}, {"name": "yes"}])
    assert again.status_code == 200


async def test_other_labels_than_those_that_stand_are_a_conflict(stack: Stack) -> None:
    await define(stack, "differing", YES_NO)
    answer = await made(stack, "differing", labels=[{"name": "yes"}, {"name": "maybe"}])
    assert (answer.status_code, answer.json()["code"]) == (409, "labels_differ")
    assert (await stack.induction.get("/v1/tasks/differing")).status_code == 404


async def test_with_nlu_logger_away_no_task_is_made(databases: Databases, servers: Servers) -> None:
    async with opened(databases, servers, nlu_logger_url="http://127.0.0.1:1") as alone:
        async with client(str(alone.induction.base_url)) as hasty:
            answer = await hasty.post(
                "/v1/tasks", json={"slug": "early", "kind": "intent", "labels": YES_NO}
            )
        assert (answer.status_code, answer.json()["code"]) == (503, "nlu_logger_away")
        assert (await alone.induction.get("/v1/tasks")).json() == []


async def test_a_key_that_may_not_define_labels_is_named(
    stack: Stack, databases: Databases, servers: Servers
) -> None:
    key = await stack.logger.post(
        "/v1/admin/keys", json={"name": "reader", "scopes": ["ground-truth:read"]}
    )
    settings = {
        "nlu_logger_url": str(stack.logger.base_url),
        "nlu_logger_key": key.json()["key"],
    }
    async with opened(databases, servers, **settings) as limited:
        answer = await made(limited, "unwritable", labels=YES_NO)
        assert (answer.status_code, answer.json()["code"]) == (403, "labels_not_writable")
        assert "labels:write" in answer.json()["detail"]
        assert (await limited.induction.get("/v1/tasks")).json() == []
    assert (await labels_of(stack, "unwritable"))["version"] == 0


@pytest.mark.law
async def test_a_task_from_before_label_sets_goes_on_with_its_own(stack: Stack) -> None:
    await old_task(stack, "old", ["topic_0", "topic_1"])
    for number in range(8):
        await add_case(stack.logger, "old", f"text number {number}", f"topic_{number % 2}")
    run = await start(stack, "old", kind="evaluate")
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert (seen["labels_version"], seen["unanswerable"]) == (0, [])
    assert (await changed(stack, "old", labels=TOPICS[:2]))["labels_version"] == 1


async def test_a_changed_set_is_a_new_era_of_scores_and_the_registry_stays(stack: Stack) -> None:
    version = await make_task(stack, "eras", cases=8)
    async with stack.working():
        await reached(stack, await start(stack, "eras", kind="evaluate"), "completed")
        view = await changed(stack, "eras", labels=[*TOPICS, {"name": "topic_9"}])
        assert view["labels_version"] == 2
        seen = await reached(stack, await start(stack, "eras", kind="evaluate"), "completed")
    assert any("'topic_9' is not named" in note for note in seen["notes"])
    stored = (await stack.induction.get(f"/v1/prompts/eras/versions/{version}")).json()
    assert {one["labels_version"] for one in stored["scores"]} == {1, 2}
    (ancestor,) = (await stack.induction.get("/v1/prompts/eras/lineage")).json()["items"]
    assert ancestor["labels_version"] == 1  # the first measurement stays the version's own


async def test_a_label_that_truths_carry_is_not_dropped_by_a_change(stack: Stack) -> None:
    await make_task(stack, "carrying", cases=4)
    answer = await stack.induction.patch("/v1/tasks/carrying", json={"labels": TOPICS[:3]})
    assert (answer.status_code, answer.json()["code"]) == (409, "label_in_use")
    assert answer.json()["labels"] == ["topic_3"]


async def test_aliases_are_read_as_their_label_and_retired_labels_are_not_offered(
    stack: Stack,
) -> None:
    await make_task(stack, "aliased", cases=40)
    retired = {"name": "topic_4", "retired": True}
    await changed(
        stack, "aliased", labels=[{"name": "topic_0", "aliases": ["zero"]}, *TOPICS[1:], retired]
    )
    await smuggle(stack, "aliased", "topic_0", "zero")
    run = await start(stack, "aliased", kind="evaluate")
    async with stack.working():
        seen = await reached(stack, run, "completed")
    assert seen["unanswerable"] == []
    assert set(seen["components"]) >= {"f1:topic_0"}
    assert "f1:zero" not in seen["components"]
    plain = await stack.induction.post("/v1/prompts/aliased/versions", json={})
    blocks = " ".join(one["text"] for one in plain.json()["content"]["instructions"])
    assert "topic_3" in blocks
    assert "topic_4" not in blocks


async def test_models_change_and_null_is_the_services_default_again(stack: Stack) -> None:
    await made(stack, "models", labels=YES_NO)
    assert (await changed(stack, "models", task_model="claude-opus-5-5"))["task_model"] == (
        "claude-opus-5-5"
    )
    assert (await changed(stack, "models", proposer_model="claude-haiku-5-5"))["task_model"]
    assert (await changed(stack, "models", task_model=None))["task_model"] is None
    shown = (await stack.induction.get("/v1/tasks/models")).json()
    assert shown["proposer_model"] == "claude-haiku-5-5"


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"task_model": " "}, ["task_model"]),
        ({"labels": []}, ["labels"]),
        ({"labels": None}, ["labels"]),
        ({"labels": [{"name": "one"}]}, ["labels"]),
        ({"archived": "perhaps"}, ["archived"]),
        ({"archived": None}, ["archived"]),
    ],
    ids=str,
)
async def test_a_change_that_makes_no_sense_is_refused_by_its_field(
    stack: Stack, body: dict[str, Any], loc: list[str]
) -> None:
    await made(stack, "sensible", labels=YES_NO)
    answer = await stack.induction.patch("/v1/tasks/sensible", json=body)
    assert answer.status_code == 422
    assert [one["loc"] for one in answer.json()["errors"]] == [["body", *loc]]


async def test_an_archived_task_starts_no_run_until_it_is_brought_back(stack: Stack) -> None:
    await make_task(stack, "shelved", cases=20)
    rules = {"task": "shelved", "enabled": True, "min_cases": 1, "min_new_cases": 0}
    await stack.induction.post("/v1/admin/auto-trigger", json=rules)
    assert (await changed(stack, "shelved", archived=True))["archived_at"] is not None
    answer = await stack.induction.post("/v1/runs", json={"task": "shelved"})
    assert (answer.status_code, answer.json()["code"]) == (409, "task_archived")
    assert answer.json()["detail"].startswith("The task is archived. ")
    listed = [one["slug"] for one in (await stack.induction.get("/v1/tasks")).json()]
    every = (await stack.induction.get("/v1/tasks", params={"archived": True})).json()
    assert "shelved" not in listed
    assert "shelved" in [one["slug"] for one in every]
    assert (await changed(stack, "shelved", archived=False))["archived_at"] is None
    assert (await stack.induction.post("/v1/runs", json={"task": "shelved"})).status_code == 202


async def finish(databases: Databases, servers: Servers, *, change: bool) -> tuple[object, ...]:
    """What came out of a run whose worker was stopped in the middle; the labels were changed
    before the next one replayed what it had recorded, or were not."""
    async with opened(databases, servers, model=OfflineSettings(latency_ms=25)) as stack:
        await make_task(stack, "frozen", cases=60)
        run = await start(stack, "frozen", limits={"iterations": 3})

        async def is_on_its_way() -> bool:
            return (await shown(stack, run))["baseline_f1"] is not None

        async with stack.working():
            await until(is_on_its_way)
        assert (await shown(stack, run))["status"] == "waiting"
        if change:
            labels = [{"name": "topic_0", "aliases": ["nought"]}, *TOPICS[1:], {"name": "other"}]
            assert (await changed(stack, "frozen", labels=labels))["labels_version"] == 2
        async with stack.working():
            seen = await reached(stack, run, "completed")
        path = f"/v1/prompts/frozen/versions/{seen['best_version_id']}"
        best = (await stack.induction.get(path)).json()
        assert {one["labels_version"] for one in best["scores"]} == {1}
        return best["version_hash"], seen["final_f1"], seen["iterations"][0]["fixed"]


@pytest.mark.law
@pytest.mark.long
async def test_labels_that_change_during_a_run_change_nothing_in_it(
    databases: Databases, servers: Servers
) -> None:
    unchanged = await finish(databases, servers, change=False)
    assert await finish(databases, servers, change=True) == unchanged


async def test_labels_that_are_nearly_one_are_told_where_a_task_and_a_run_are_made(
    stack: Stack,
) -> None:
    answer = await made(stack, "nearly", labels=[{"name": "pay"}, {"name": "Pay"}, {"name": "x"}])
    (note,) = answer.json()["notes"]
    assert note.startswith("Pay, pay are nearly one label and count as 2")
    for number, truth in enumerate(["pay", "Pay", "x"] * 4):
        await add_case(stack.logger, "nearly", f"text {number}", truth)
    baseline = {"text": "Answer pay, Pay or x.", "promote": True}
    await stack.induction.post("/v1/prompts/nearly/versions", json=baseline)
    forecast = await stack.induction.post("/v1/runs", json={"task": "nearly", "dry_run": True})
    assert forecast.status_code == 200, forecast.text
    assert note in forecast.json()["notes"]
    run = await start(stack, "nearly", kind="evaluate")
    assert note in (await shown(stack, run))["notes"]


async def test_a_prompt_from_before_a_rename_still_fits_its_task(stack: Stack) -> None:
    labels = [{"name": "paying", "aliases": ["pay"]}, {"name": "stop"}]
    assert (await made(stack, "renamed-later", labels=labels)).status_code == 201
    content = {
        "instructions": [{"name": "instructions", "text": "Answer pay or stop."}],
        "examples": [{"text": "settle it", "output": "pay"}],
    }
    answer = await stack.induction.post(
        "/v1/prompts/renamed-later/versions", json={"content": content}
    )
    assert answer.status_code == 201, answer.text
