"""Two truths for one text: kept as a conflict, shown with both sides, settled by somebody."""

import asyncio
from typing import Any

import httpx2
import pytest
from nlu_shared.ids import uuid7

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.world import World, connected, opened


async def conflicts(world: World, task: str) -> list[dict[str, Any]]:
    answer = await world.admin.get("/v1/reviews/conflicts", params={"task": task})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def settle(who: httpx2.AsyncClient, conflict: dict[str, Any], truth: str) -> httpx2.Response:
    path = f"/v1/reviews/conflicts/{conflict['id']}/settle"
    return await who.post(path, json={"truth": truth})


async def clash(world: World, task: str) -> tuple[str, str, dict[str, Any]]:
    """The approved correction, the one that contradicts it, and their conflict."""
    first = await world.correct(await world.log(task=task, prompt="Buy milk"), "shop")
    other = await world.correct(await world.log(task=task, prompt="buy  milk"), "eat")
    assert (await world.approve(first)).status_code == 200
    refused = await world.approve(other)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflicting_truth")
    (conflict,) = await conflicts(world, task)
    return first, other, conflict


async def statuses(world: World, task: str, *corrections: str) -> list[str]:
    by_id = {}
    answer = await world.admin.get("/v1/corrections", params={"limit": 1000})
    for one in answer.json()["items"]:
        by_id[one["id"]] = one["status"]
    return [by_id[one] for one in corrections]


async def truths(world: World, task: str) -> list[Any]:
    return [case["truth"] for case in (await world.truth(task))[:-1]]


async def test_a_refused_approval_leaves_a_conflict_with_both_sides(
    world: World, task: str
) -> None:
    first, other, conflict = await clash(world, task)
    assert (conflict["standing_truth"], conflict["other_truth"]) == ("shop", "eat")
    assert conflict["standing_corrections"] == [first]
    assert conflict["correction_id"] == other
    assert conflict["text"] == "Buy milk"
    await world.approve(other)
    assert [one["id"] for one in await conflicts(world, task)] == [conflict["id"]]
    assert await statuses(world, task, first, other) == ["approved", "proposed"]


@pytest.mark.parametrize(
    ("truth", "left", "decided"),
    [
        ("keep", ["shop"], ["approved", "rejected"]),
        ("replace", ["eat"], ["rejected", "approved"]),
        ("withdraw", [], ["rejected", "rejected"]),
    ],
)
async def test_a_settled_conflict_leaves_one_truth_or_none(
    world: World, task: str, truth: str, left: list[str], decided: list[str]
) -> None:
    first, other, conflict = await clash(world, task)
    answer = await settle(world.admin, conflict, truth)
    assert answer.status_code == 200, answer.text
    cases = (await world.truth(task))[:-1]
    assert [case["truth"] for case in cases] == left
    assert [answer.json()["ground_truth_id"]] == ([case["id"] for case in cases] or [None])
    assert await statuses(world, task, first, other) == decided
    assert await conflicts(world, task) == []
    assert (await settle(world.admin, conflict, truth)).status_code == 404


async def test_an_imported_truth_that_contradicts_can_replace(world: World, task: str) -> None:
    first = await world.correct(await world.log(task=task, prompt="Buy milk"), "shop")
    await world.approve(first)
    body = {"task": task, "text": "buy milk", "truth": "eat"}
    assert (await world.admin.post("/v1/ground-truth", json=body)).status_code == 409
    (conflict,) = await conflicts(world, task)
    assert conflict["correction_id"] is None
    assert (await settle(world.admin, conflict, "replace")).status_code == 200
    assert await truths(world, task) == ["eat"]
    assert await statuses(world, task, first) == ["rejected"]


async def test_a_bulk_keeps_what_it_approved_and_the_conflicts_it_met(
    world: World, task: str
) -> None:
    ids = [
        await world.correct(await world.log(task=task, prompt=prompt), intent)
        for prompt, intent in (("one", "a"), ("ONE", "b"), ("two", "c"))
    ]
    answer = await world.admin.post("/v1/corrections:approve", json={"correction_ids": ids})
    assert [one["status"] for one in answer.json()["items"]] == [200, 409, 200]
    assert [one["correction_id"] for one in await conflicts(world, task)] == [ids[1]]


async def test_deciding_either_side_otherwise_ends_the_conflict(world: World, task: str) -> None:
    first, other, _ = await clash(world, task)
    await world.admin.post(f"/v1/corrections/{other}/reject")
    assert await conflicts(world, task) == []
    await world.admin.post(f"/v1/corrections/{other}/reopen")
    await world.approve(other)
    assert len(await conflicts(world, task)) == 1
    await world.admin.post(f"/v1/corrections/{first}/reopen")
    assert await conflicts(world, task) == []
    assert (await world.approve(other)).status_code == 200


async def test_settlers_at_one_moment_settle_once(world: World, task: str) -> None:
    _, _, conflict = await clash(world, task)
    answers = await asyncio.gather(
        *(settle(world.admin, conflict, truth) for truth in ("keep", "replace", "withdraw") * 3)
    )
    assert sum(answer.status_code == 200 for answer in answers) == 1
    assert {answer.status_code for answer in answers} <= {200, 404, 409}
    assert await conflicts(world, task) == []


async def test_nobody_settles_for_their_own_word_where_two_must_look(
    databases: Databases, servers: Servers, task: str
) -> None:
    async with opened(databases, servers, require_second_approver=True) as strict:
        scopes = ("corrections:write", "reviews:read", "reviews:decide")
        async with await strict.key(*scopes) as one, await strict.key(*scopes) as other:
            corrections = []
            for who, prompt in ((one, "hi"), (other, "HI")):
                path = f"/v1/predictions/{await strict.log(task=task, prompt=prompt)}/corrections"
                answer = await who.post(path, json={"corrected_intent": prompt})
                corrections.append(answer.json()["id"])
            assert (await strict.approve(corrections[0])).status_code == 200
            assert (await strict.approve(corrections[1])).status_code == 409
            (conflict,) = await conflicts(strict, task)
            assert (await settle(other, conflict, "replace")).status_code == 403
            assert (await settle(one, conflict, "replace")).status_code == 200


async def test_settling_hands_over_a_consideration_and_an_audit_line(
    databases: Databases, servers: Servers, task: str
) -> None:
    async with opened(databases, servers, redis_url="redis://127.0.0.1:1/0") as alone:
        _, _, conflict = await clash(alone, task)
        async with connected(alone.database.owner_url) as owner:
            await owner.execute("DELETE FROM outbox")
            await settle(alone.admin, conflict, "replace")
            orders = await owner.fetch("SELECT name, arguments FROM outbox")
            lines = await owner.fetch(
                "SELECT action FROM audit_log WHERE subject = $1", conflict["id"]
            )
    assert [one["name"] for one in orders] == ["consider_run"]
    assert [one["action"] for one in lines] == ["reviews.settle"]


async def test_another_tasks_conflict_is_not_there(world: World, task: str) -> None:
    _, _, conflict = await clash(world, task)
    async with await world.key("reviews:read", "reviews:decide", tasks=["other"]) as limited:
        assert (await limited.get("/v1/reviews/conflicts")).json()["items"] == []
        assert (await settle(limited, conflict, "keep")).status_code == 404
    unknown = {"id": uuid7()}
    assert (await settle(world.admin, unknown, "keep")).status_code == 404
