"""The audit: a random share of all traffic, and which of its members count when."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx2
import pytest
from nlu_shared.ids import uuid7

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.nlu_logger.reviews.test_claims import REVIEWER, claim, peek
from tests.nlu_logger.world import World, connected, opened

SHARE, SEED = 0.5, 42


@pytest.fixture(scope="module")
async def half(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    """Half of all traffic is audited, nothing twice."""
    settings = {"audit_share": SHARE, "audit_seed": SEED, "double_code_share": 0}
    async with opened(databases, servers, **settings) as made:
        yield made


async def logged(world: World, task: str, count: int, **fields: Any) -> list[str]:
    return [await world.log(task=task, prompt=f"say {n}", **fields) for n in range(count)]


async def members(world: World, task: str) -> list[str]:
    """The audit by the definition: draws below the share, the smallest first."""
    async with connected(world.database.owner_url) as owner:
        rows = await owner.fetch(
            "SELECT id FROM (SELECT id, audit_draw(id, $1) AS draw FROM nlu_prompt_logs"
            " WHERE task = $2) AS drawn WHERE draw < $3 ORDER BY draw",
            SEED,
            task,
            SHARE,
        )
    return [str(row["id"]) for row in rows]


async def selected(world: World, task: str, queue: str = "audit") -> dict[str, float]:
    async with connected(world.database.owner_url) as owner:
        rows = await owner.fetch(
            "SELECT s.prediction_id, s.probability FROM selections s"
            " JOIN nlu_prompt_logs p ON p.id = s.prediction_id"
            " WHERE p.task = $1 AND s.queue = $2",
            task,
            queue,
        )
    return {str(row["prediction_id"]): row["probability"] for row in rows}


async def confirm(who: httpx2.AsyncClient, log_id: str) -> str:
    answer = await who.post(f"/v1/predictions/{log_id}/confirm", json={})
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["id"])


async def test_the_audit_is_a_function_of_seed_and_id_whatever_the_confidence(
    half: World, task: str
) -> None:
    everything = await logged(half, task, 60, confidence=0.99)
    drawn = await members(half, task)
    assert 15 < len(drawn) < 45
    assert set(drawn) < set(everything)
    assert [item["id"] for item in await peek(half.admin, task, "audit")] == drawn


async def test_draws_are_uniform(world: World) -> None:
    async with connected(world.database.owner_url) as owner:
        rows = await owner.fetch(
            "SELECT audit_draw(id, 7) AS draw FROM unnest($1::uuid[]) AS id",
            [uuid7() for _ in range(4000)],
        )
    draws = [row["draw"] for row in rows]
    assert 0 <= min(draws) < max(draws) < 1
    for tenth in range(10):
        inside = sum(tenth / 10 <= draw < (tenth + 1) / 10 for draw in draws)
        assert 300 < inside < 500  # 400 expected, five standard deviations are 95


async def test_a_reviewed_member_counts_with_the_share_as_its_probability(
    half: World, task: str
) -> None:
    await logged(half, task, 20)
    first, second, *_ = await members(half, task)
    await confirm(half.admin, first)
    assert await selected(half, task) == {first: SHARE}
    await half.correct(second, "other")
    assert await selected(half, task) == {first: SHARE, second: SHARE}
    assert first not in [item["id"] for item in await peek(half.admin, task, "audit")]


async def test_a_hard_member_reviewed_elsewhere_counts_once_the_audit_has_passed_it(
    half: World, task: str
) -> None:
    """Else hard cases would be missing from the audit, or in it before their easy neighbours."""
    await logged(half, task, 40)
    drawn = await members(half, task)
    hard = drawn[0:2] + drawn[4:6]
    held = await claim(half.admin, task, "low-confidence", limit=100)
    for log_id in hard:
        await confirm(half.admin, log_id)
    for item in held:
        if item["id"] not in hard:
            await half.admin.post(f"/v1/reviews/claims/{item['claim']['id']}/release", json={})
    assert await selected(half, task) == {}
    assert await selected(half, task, "low-confidence") == dict.fromkeys(hard, 1.0)

    async with await half.key(*REVIEWER) as auditor:
        for expected in (drawn[:3], drawn[:4], drawn[:7]):
            (next_one,) = await peek(auditor, task, "audit", limit=1)
            await confirm(auditor, next_one["id"])
            assert set(await selected(half, task)) == set(expected)


@pytest.mark.law
async def test_the_audit_stays_fair_though_reviewers_see_hard_cases_first(
    half: World, task: str
) -> None:
    """Three in four are right; every wrong one is reviewed, and a part of the audit."""
    items = [
        {"prompt": f"say {n}", "predicted_intent": "greet", "task": task, "confidence": sure}
        for n in range(50)
        for sure in (0.3, 0.95, 0.95, 0.95)
    ]
    assert (await half.admin.post("/v1/predictions:batch", json=items)).status_code == 207
    hard = await claim(half.admin, task, "low-confidence", limit=100)
    for item in hard:
        await half.correct(item["id"], "leave")
    async with await half.key(*REVIEWER) as auditor:
        easy = [item["id"] for item in await peek(auditor, task, "audit", limit=40)]
        for log_id in easy:
            await confirm(auditor, log_id)
    counted = await selected(half, task)
    wrong = sum(item["id"] in counted for item in hard)
    estimate, naive = 1 - wrong / len(counted), len(easy) / len(easy + hard)
    assert abs(estimate - 0.75) < 0.25 < abs(naive - 0.75)  # four standard deviations


async def test_a_member_that_was_claimed_and_not_reviewed_is_passed_over(
    half: World, task: str
) -> None:
    await logged(half, task, 20)
    drawn = await members(half, task)
    async with await half.key(*REVIEWER) as one, await half.key(*REVIEWER) as other:
        (undecidable,) = await claim(one, task, "audit", limit=1)
        assert undecidable["id"] == drawn[0]
        (item,) = await claim(other, task, "audit", limit=1)
        await confirm(other, item["id"])
    assert set(await selected(half, task)) == {drawn[1]}


async def test_what_is_not_drawn_is_no_audit(half: World, task: str) -> None:
    everything = await logged(half, task, 20)
    for log_id in set(everything) - set(await members(half, task)):
        await confirm(half.admin, log_id)
    assert await selected(half, task) == {}


async def test_an_end_user_is_no_auditor(half: World, task: str) -> None:
    owner = uuid7()
    await logged(half, task, 10, user_id=str(owner))
    first, *_ = await members(half, task)
    async with half.user(UUID(str(owner))) as ann:
        body = {"corrected_intent": "no"}
        assert (
            await ann.post(f"/v1/predictions/{first}/corrections", json=body)
        ).status_code == 201
    assert await selected(half, task) == {}
    assert (await peek(half.admin, task, "audit", limit=1))[0]["id"] == first


async def test_approvals_complete_what_reviews_at_one_moment_could_not_see(
    half: World, task: str
) -> None:
    await logged(half, task, 20)
    drawn = await members(half, task)
    async with connected(half.database.owner_url) as owner:
        corrections = [await confirm(half.admin, log_id) for log_id in drawn]
        await owner.execute("ALTER TABLE selections NO FORCE ROW LEVEL SECURITY")
        await owner.execute("DELETE FROM selections WHERE prediction_id = ANY($1)", drawn)
        await owner.execute("ALTER TABLE selections FORCE ROW LEVEL SECURITY")
    body = {"correction_ids": corrections[:1]}
    await half.admin.post("/v1/corrections:approve", json=body)
    assert set(await selected(half, task)) == set(drawn)


async def test_a_share_of_the_audit_is_coded_twice_by_two_people_blindly(
    databases: Databases, servers: Servers, task: str
) -> None:
    settings = {"audit_share": 1, "double_code_share": 1}
    async with opened(databases, servers, **settings) as twice:
        log_id = await twice.log(task=task)
        async with (
            await twice.key(*REVIEWER) as one,
            await twice.key(*REVIEWER) as two,
            await twice.key(*REVIEWER) as three,
        ):
            body = {"corrected_intent": "leave", "correction_notes": "clear"}
            path = f"/v1/predictions/{log_id}/corrections"
            assert (await one.post(path, json=body)).status_code == 201
            assert await claim(one, task, "audit") == []
            (item,) = await claim(two, task, "audit")
            assert (item["corrected_intent"], item["correction_notes"]) == (None, None)
            await confirm(two, log_id)
            assert await peek(three, task, "audit") == []
