"""Approved truths that are doubted: why, who looks, and when a doubt is answered."""

from typing import Any

from nlu_shared.ids import uuid7

from tests.nlu_logger.reviews.test_claims import claim, peek
from tests.nlu_logger.world import World

QUEUE = "suspicious-label"


async def add(world: World, task: str, text: str, truth: Any) -> str:
    case = {"task": task, "text": text, "truth": truth}
    answer = await world.admin.post("/v1/ground-truth", json=case)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def find(world: World, *findings: dict[str, Any]) -> list[int]:
    async with await world.key("findings:write") as induction:
        answer = await induction.post("/v1/reviews/findings", json={"findings": findings})
    assert answer.status_code == 200, answer.text
    return [one["status"] for one in answer.json()["items"]]


async def doubted(world: World, task: str) -> dict[str, list[str]]:
    """Kinds of doubt by case, the most doubted first."""
    items = await peek(world.admin, task, QUEUE)
    return {item["id"]: [issue["kind"] for issue in item["label_issues"]] for item in items}


async def clear(world: World, case_id: str) -> int:
    return (await world.admin.post(f"/v1/reviews/cases/{case_id}/clear")).status_code


async def test_a_finding_puts_its_case_into_the_queue_once(world: World, task: str) -> None:
    case_id = await add(world, task, "buy milk", "shop")
    finding = {"case_id": case_id, "kind": "always-missed", "note": "n", "suggested": "eat"}
    unknown = {"case_id": str(uuid7()), "kind": "always-missed"}
    assert await find(world, finding, unknown, finding) == [201, 404, 200]
    assert await find(world, finding) == [200]
    (item,) = await peek(world.admin, task, QUEUE)
    assert (item["id"], item["text"], item["truth"]) == (case_id, "buy milk", "shop")
    assert item["label_issues"] == [
        {"kind": "always-missed", "note": "n", "suggested": "eat", "cases": []}
    ]


async def test_near_duplicates_with_two_truths_doubt_each_other(world: World, task: str) -> None:
    one = await add(world, task, "Buy milk, please!", "shop")
    other = await add(world, task, "please buy milk", "eat")
    await add(world, task, "please: buy milk", "shop")
    items = {item["id"]: item for item in await peek(world.admin, task, QUEUE)}
    assert len(items) == 3
    assert items[one]["label_issues"][0]["cases"] == [other]


async def test_versions_that_are_sure_of_something_else_raise_a_doubt(
    world: World, task: str
) -> None:
    correction = await world.correct(await world.log(task=task, prompt="hm"), "leave")
    case_id = (await world.approve(correction)).json()["ground_truth_id"]
    for version in ("v1", "v1", "v2"):
        assert await doubted(world, task) == {}
        await world.log(task=task, prompt="hm", confidence=0.95, model_version=version)
    (item,) = await peek(world.admin, task, QUEUE)
    assert item["id"] == case_id
    assert item["prediction_id"] is not None
    assert item["label_issues"][0]["suggested"] == "greet"


async def test_a_cleared_case_comes_back_only_for_a_younger_doubt(world: World, task: str) -> None:
    one, other = await add(world, task, "a b", "x"), await add(world, task, "b a", "y")
    await find(world, {"case_id": one, "kind": "always-missed"})
    assert list(await doubted(world, task)) == [one, other]
    assert await clear(world, one) == 204
    assert list(await doubted(world, task)) == [other]
    await find(world, {"case_id": one, "kind": "noisy"})
    assert (await doubted(world, task))[one] == ["noisy"]
    await add(world, task, "a, b", "z")
    assert (await doubted(world, task))[one] == ["noisy", "near-duplicate"]
    assert await clear(world, str(uuid7())) == 404


async def test_a_suspicious_case_is_held_by_one(world: World, task: str) -> None:
    await add(world, task, "a b", "x")
    await add(world, task, "b a", "y")
    first = await claim(world.admin, task, QUEUE, limit=1)
    second = await claim(world.admin, task, QUEUE, limit=5)
    assert {item["id"] for item in first + second} == set(await doubted(world, task))
    assert await claim(world.admin, task, QUEUE) == []
    assert all(item["claim"] for item in await peek(world.admin, task, QUEUE))
    path = f"/v1/reviews/claims/{first[0]['claim']['id']}/release"
    assert (await world.admin.post(path)).status_code == 204


async def test_a_removed_case_takes_its_doubts_along(world: World, task: str) -> None:
    case_id = await add(world, task, "a b", "x")
    await find(world, {"case_id": case_id, "kind": "noisy"})
    await world.admin.delete(f"/v1/ground-truth/{case_id}")
    await add(world, task, "a b", "x")
    assert await doubted(world, task) == {}


async def test_a_key_limited_to_a_task_doubts_no_other(world: World, task: str) -> None:
    case_id = await add(world, task, "a b", "x")
    finding = {"case_id": case_id, "kind": "noisy"}
    scopes = ("findings:write", "reviews:read", "reviews:decide")
    async with await world.key(*scopes, tasks=["another"]) as limited:
        answer = await limited.post("/v1/reviews/findings", json={"findings": [finding]})
        assert answer.json()["items"] == [{"index": 0, "status": 404}]
        await find(world, finding)
        assert (await limited.get(f"/v1/reviews/queues/{QUEUE}")).json()["items"] == []
        assert (await limited.post(f"/v1/reviews/cases/{case_id}/clear")).status_code == 404
