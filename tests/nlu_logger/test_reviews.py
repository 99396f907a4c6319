"""From a correction to ground truth: proposed, decided, taken back; one truth per text."""

import asyncio
import json
from functools import partial
from typing import Any

import pytest
from nlu_shared.ids import uuid7, uuid8

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import patiently
from tests.nlu_logger.world import World, connected, opened


async def shown(world: World, log_id: str) -> str | None:
    corrected = (await world.admin.get(f"/v1/predictions/{log_id}")).json()["corrected_intent"]
    return None if corrected is None else str(corrected)


async def test_an_approved_correction_becomes_ground_truth(world: World, task: str) -> None:
    conversation = str(uuid7())
    log_id = await world.log(task=task, prompt="Move lunch", conversation_id=conversation)
    correction = await world.correct(log_id, "move_event")
    assert await shown(world, log_id) == "move_event"
    approved = await world.approve(correction)
    case, end = await world.truth(task)
    assert case["id"] == approved.json()["ground_truth_id"]
    assert (case["text"], case["truth"]) == ("Move lunch", "move_event")
    assert (case["group"], case["may_quote"]) == (
        str(uuid8("conversation", conversation)),
        False,
    )
    assert end["count"] == 1


async def test_a_confirmed_prediction_becomes_ground_truth_with_its_own_answer(
    world: World, task: str
) -> None:
    labelled = await world.log(task=task, prompt="one")
    structured = await world.log(task=task, prompt="two", output={"people": ["Ann"]})
    for log_id in (labelled, structured):
        confirmed = await world.admin.post(f"/v1/predictions/{log_id}/confirm", json={})
        await world.approve(confirmed.json()["id"])
        assert await shown(world, log_id) is None
    *cases, _ = await world.truth(task)
    truths = {case["text"]: case["truth"] for case in cases}
    assert truths == {"one": "greet", "two": {"people": ["Ann"]}}


async def test_the_same_word_twice_is_one_correction_and_one_case(world: World, task: str) -> None:
    path = f"/v1/predictions/{await world.log(task=task)}/corrections"
    first = await world.admin.post(path, json={"corrected_intent": "leave"})
    again = await world.admin.post(path, json={"corrected_intent": "leave"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    approvals = [(await world.approve(first.json()["id"])).json() for _ in range(2)]
    assert approvals[0] == approvals[1]
    assert (await world.truth(task))[-1]["count"] == 1


async def test_one_text_has_one_truth(world: World, task: str) -> None:
    """Case, spacing and Unicode form do not make another text."""
    texts = ["Buy  MILK", "buy milk", "ｂｕｙ milk"]
    logged = [await world.log(task=task, prompt=prompt) for prompt in texts]
    first = await world.approve(await world.correct(logged[0], "shop"))
    same = await world.approve(await world.correct(logged[1], "shop"))
    other = await world.approve(await world.correct(logged[2], "eat"))
    assert same.json()["ground_truth_id"] == first.json()["ground_truth_id"]
    assert (other.status_code, other.json()["code"]) == (409, "conflicting_truth")
    assert (await world.truth(task))[-1]["count"] == 1


async def test_approvals_of_one_text_at_one_moment_make_one_case(world: World, task: str) -> None:
    logged = [await world.log(task=task, prompt="all at once") for _ in range(12)]
    waiting = [await world.correct(log_id, "now") for log_id in logged]
    halves = [waiting, waiting[::-1], waiting[6:], waiting[:6]]
    bulks = [
        partial(world.admin.post, "/v1/corrections:approve", json={"correction_ids": ids})
        for ids in halves
    ]
    singles = [partial(world.approve, one) for one in waiting]
    answers = await asyncio.gather(*map(patiently, [*bulks, *singles]))
    assert {answer.status_code for answer in answers} == {200}
    assert (await world.truth(task))[-1]["count"] == 1


async def test_quoting_is_allowed_by_any_approval_and_stays_allowed(
    world: World, task: str
) -> None:
    correction = await world.correct(await world.log(task=task), "leave")
    seen = []
    for may_quote in (False, True, False):
        assert (await world.approve(correction, may_quote=may_quote)).status_code == 200
        seen.append((await world.truth(task))[0])
    assert [case["may_quote"] for case in seen] == [False, True, True]
    assert seen[0]["hash"] != seen[1]["hash"] == seen[2]["hash"]


async def test_a_bulk_answers_for_each_and_stops_for_none(world: World, task: str) -> None:
    good = await world.correct(await world.log(task=task, prompt="a"), "x")
    clash = await world.correct(await world.log(task=task, prompt="A"), "y")
    rejected = await world.correct(await world.log(task=task, prompt="c"), "z")
    await world.admin.post(f"/v1/corrections/{rejected}/reject")
    unknown = str(uuid7())
    ids = [unknown, good, clash, rejected, good]
    answer = await world.admin.post("/v1/corrections:approve", json={"correction_ids": ids})
    items = answer.json()["items"]
    assert [one["correction_id"] for one in items] == ids
    assert [one["status"] for one in items] == [404, 200, 409, 409, 200]
    assert (await world.truth(task))[-1]["count"] == 1


async def test_a_rejected_correction_is_not_shown_and_must_be_reopened_first(
    world: World, task: str
) -> None:
    log_id = await world.log(task=task)
    older, newer = await world.correct(log_id, "older"), await world.correct(log_id, "newer")
    assert await shown(world, log_id) == "newer"
    rejected = await world.admin.post(f"/v1/corrections/{newer}/reject")
    assert rejected.json()["status"] == "rejected"
    assert await shown(world, log_id) == "older"
    assert (await world.approve(newer)).status_code == 409
    await world.admin.post(f"/v1/corrections/{newer}/reopen")
    assert (await world.approve(newer)).status_code == 200
    assert await shown(world, log_id) == "newer"
    assert (await world.admin.post(f"/v1/corrections/{newer}/reject")).status_code == 409
    assert (await world.approve(older)).json()["code"] == "conflicting_truth"


async def test_reopening_takes_ground_truth_back_only_when_nothing_else_stands_behind_it(
    world: World, task: str
) -> None:
    logged = [await world.log(task=task, prompt="same words") for _ in range(2)]
    both = [await world.correct(log_id, "meant") for log_id in logged]
    for one in both:
        await world.approve(one)
    counts = []
    for one in both:
        await world.admin.post(f"/v1/corrections/{one}/reopen")
        counts.append((await world.truth(task))[-1]["count"])
    assert counts == [1, 0]
    assert (await world.approve(both[1])).status_code == 200
    assert (await world.truth(task))[-1]["count"] == 1


async def test_an_imported_case_outlives_the_reopening_of_what_joined_it(
    world: World, task: str
) -> None:
    case = {"task": task, "text": "known", "truth": "meant"}
    await world.admin.post("/v1/ground-truth", json=case)
    correction = await world.correct(await world.log(task=task, prompt="known"), "meant")
    await world.approve(correction)
    await world.admin.post(f"/v1/corrections/{correction}/reopen")
    assert (await world.truth(task))[-1]["count"] == 1


async def test_nobody_approves_their_own_where_two_must_look(
    databases: Databases, servers: Servers, task: str
) -> None:
    async with opened(databases, servers, require_second_approver=True) as strict:
        correction = await strict.correct(await strict.log(task=task), "leave")
        own = await strict.approve(correction)
        assert (own.status_code, own.json()["code"]) == (403, "own_correction")
        async with await strict.key("reviews:decide") as reviewer:
            path = f"/v1/corrections/{correction}/approve"
            assert (await reviewer.post(path, json={})).status_code == 200


async def test_a_burst_of_approvals_hands_over_one_consideration(
    databases: Databases, servers: Servers, task: str
) -> None:
    """With Redis away the order waits in its row; nothing is lost and nothing is doubled."""
    async with opened(databases, servers, redis_url="redis://127.0.0.1:1/0") as alone:
        for number in range(3):
            log_id = await alone.log(task=task, prompt=f"number {number}")
            assert (await alone.approve(await alone.correct(log_id, "x"))).status_code == 200
        async with connected(alone.database.owner_url) as owner:
            orders = [dict(row) for row in await owner.fetch("SELECT * FROM outbox")]
    assert [(one["name"], one["queue"]) for one in orders] == [("consider_run", "induction:jobs")]
    assert json.loads(orders[0]["arguments"]) == [task]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"corrected_intent": "a", "corrected_output": {}},
        {"corrected_intent": ""},
        {"corrected_output": {"a\x00": 1}},
        {"corrected_intent": "a", "surprise": 1},
    ],
)
async def test_a_correction_says_one_thing(world: World, body: dict[str, Any]) -> None:
    path = f"/v1/predictions/{await world.log()}/corrections"
    assert (await world.admin.post(path, json=body)).status_code == 422


@pytest.mark.parametrize(("sent", "label"), [(["play"], "play"), (0, "0"), ([["a  b "]], "a b")])
async def test_a_corrected_intent_is_read_as_every_truth_is(
    world: World, sent: Any, label: str
) -> None:
    path = f"/v1/predictions/{await world.log()}/corrections"
    answer = await world.admin.post(path, json={"corrected_intent": sent})
    assert (answer.status_code, answer.json()["corrected_intent"]) == (201, label)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [(["a", "b"], "several_labels"), ([], "no_label"), (True, "no_label"), ({"a": 1}, "no_label")],
)
async def test_what_is_no_label_corrects_nothing(world: World, sent: Any, kind: str) -> None:
    path = f"/v1/predictions/{await world.log()}/corrections"
    answer = await world.admin.post(path, json={"corrected_intent": sent})
    assert answer.status_code == 422
    assert [one["type"] for one in answer.json()["errors"]] == [kind]


async def test_queues_show_what_nobody_has_judged(world: World, task: str) -> None:
    unsure = [await world.log(task=task, confidence=n / 10) for n in (6, 3, 7, 5)]
    query = {"task": task, "threshold": 0.7}

    async def queue(name: str, **params: Any) -> list[str]:
        answer = await world.admin.get(f"/v1/reviews/queues/{name}", params=params)
        return [one["id"] for one in answer.json()["items"]]

    assert await queue("low-confidence", **query) == [unsure[1], unsure[3], unsure[0]]
    assert await queue("low-confidence", **query, limit=1) == [unsure[1]]
    correction = await world.correct(unsure[1], "x")
    assert await queue("low-confidence", **query) == [unsure[3], unsure[0]]
    await world.admin.post(f"/v1/corrections/{correction}/reject")
    assert await queue("low-confidence", **query) == [unsure[1], unsure[3], unsure[0]]

    for log_id in (unsure[0], unsure[2]):
        path = f"/v1/predictions/{log_id}/outcome"
        await world.admin.post(path, json={"was_successful": False})
    assert await queue("failed-workflow", task=task) == [unsure[2], unsure[0]]
