"""Claims: who holds what, until when, and that nobody else is given it."""

import asyncio
from typing import Any

import httpx2
from nlu_shared.ids import uuid7

from tests.fixtures.stack import until
from tests.nlu_logger.world import World, connected

QUEUES = "/v1/reviews/queues"
REVIEWER = ("reviews:read", "reviews:claim", "corrections:write")


async def claim(
    reviewer: httpx2.AsyncClient, task: str, queue: str = "low-confidence", **body: Any
) -> list[dict[str, Any]]:
    answer = await reviewer.post(f"{QUEUES}/{queue}:claim", json={"task": task, **body})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def peek(
    reviewer: httpx2.AsyncClient, task: str, queue: str = "low-confidence", **query: Any
) -> list[dict[str, Any]]:
    answer = await reviewer.get(f"{QUEUES}/{queue}", params={"task": task, **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_two_reviewers_never_hold_one_item(world: World, task: str) -> None:
    logged = [await world.log(task=task, prompt=f"say {n}") for n in range(30)]
    async with await world.key(*REVIEWER) as one, await world.key(*REVIEWER) as other:
        rounds = [claim(who, task, limit=4) for who in (one, other) for _ in range(6)]
        taken = [item["id"] for items in await asyncio.gather(*rounds) for item in items]
        assert sorted(taken) == sorted(logged)
        assert await claim(one, task) == []


async def test_an_item_is_held_in_every_queue_at_once(world: World, task: str) -> None:
    log_id = await world.log(task=task)
    await world.admin.post(f"/v1/predictions/{log_id}/outcome", json={"was_successful": False})
    assert [item["id"] for item in await claim(world.admin, task)] == [log_id]
    assert await claim(world.admin, task, "failed-workflow") == []


async def test_a_look_shows_who_holds_what(world: World, task: str) -> None:
    await world.log(task=task, confidence=0.1)
    await world.log(task=task, confidence=0.2)
    async with await world.key(*REVIEWER) as one:
        (held,) = await claim(one, task, limit=1)
        assert [item["claim"] for item in await peek(world.admin, task)] == [held["claim"], None]


async def test_an_expired_claim_is_free_again(world: World, task: str) -> None:
    await world.log(task=task)
    async with await world.key(*REVIEWER) as one, await world.key(*REVIEWER) as other:
        (first,) = await claim(one, task, minutes=0.001)
        taken = await until(lambda: claim(other, task))
        assert taken[0]["id"] == first["id"]
        gone = await one.post(f"/v1/reviews/claims/{first['claim']['id']}/release")
        assert gone.status_code == 404


async def test_a_claim_by_a_clock_that_was_ahead_holds_nothing(world: World, task: str) -> None:
    await world.log(task=task)
    async with await world.key(*REVIEWER) as one, await world.key(*REVIEWER) as other:
        (first,) = await claim(one, task)
        async with connected(world.database.owner_url) as owner:
            await owner.execute("UPDATE claims SET until = until + interval '120 days'")
        assert [item["id"] for item in await claim(other, task)] == [first["id"]]


async def test_what_is_given_back_is_free_and_only_its_holder_gives_it_back(
    world: World, task: str
) -> None:
    await world.log(task=task)
    async with await world.key(*REVIEWER) as one, await world.key(*REVIEWER) as other:
        (held,) = await claim(one, task)
        path = f"/v1/reviews/claims/{held['claim']['id']}/release"
        assert (await other.post(path)).status_code == 404
        assert await claim(other, task) == []
        assert (await one.post(path)).status_code == 204
        assert [item["id"] for item in await claim(other, task)] == [held["id"]]


async def test_a_review_releases_what_it_reviews(world: World, task: str) -> None:
    log_id = await world.log(task=task)
    async with await world.key(*REVIEWER) as one:
        await claim(one, task)
        confirmation = await one.post(f"/v1/predictions/{log_id}/confirm", json={})
        await world.admin.post(f"/v1/corrections/{confirmation.json()['id']}/reject")
    assert [item["claim"] for item in await peek(world.admin, task)] == [None]


async def test_a_key_limited_to_a_task_claims_no_other(world: World, task: str) -> None:
    await world.log(task=task)
    async with await world.key(*REVIEWER, tasks=["another"]) as limited:
        assert await claim(limited, task) == []


async def test_a_claim_says_for_how_many_and_how_long(world: World) -> None:
    path = f"{QUEUES}/low-confidence:claim"
    for body in ({"limit": 0}, {"limit": 101}, {"minutes": 0}, {"minutes": 1e9}, {"who": "me"}):
        assert (await world.admin.post(path, json=body)).status_code == 422
    assert (await world.admin.post(f"{QUEUES}/no-such-queue:claim", json={})).status_code == 422
    gone = await world.admin.post(f"/v1/reviews/claims/{uuid7()}/release")
    assert gone.status_code == 404
