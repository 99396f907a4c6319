"""A rule is broken, somebody is told; it holds again, they are told that too."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest

from tests.fixtures.databases import Databases
from tests.fixtures.receiver import Receiver, receiving
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until
from tests.nlu_logger.alerts.watch import (
    BELOW_HALF,
    PRIVATE,
    Step,
    end,
    forget_all,
    history,
    log,
    make,
    stepping,
    watching,
    webhook,
)
from tests.nlu_logger.world import World, connected, opened


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers, alert_private_hosts=PRIVATE) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture(autouse=True)
async def no_alerts_are_left(world: World) -> AsyncIterator[None]:
    yield
    await forget_all(world)


async def test_an_error_rate_opens_one_incident_and_its_end_is_told(
    world: World, receiver: Receiver, task: str
) -> None:
    rule = {"kind": "error_rate", "threshold": 0.5, "min_count": 4, "task": task}
    alert = await make(world, webhook(receiver), **rule)
    await end(world, await log(world, task, count=2), well=True)
    await end(world, await log(world, task, count=2), well=False)
    await log(world, task)
    async with stepping(world) as step:
        await step()
        assert await open_since(world, alert)
        await step()
        await end(world, await log(world, task, count=3), well=True)
        await step()
        await step()
    (incident,) = await history(world, alert)
    opened, recovered = (json.loads(body) for _, body in receiver.got)
    assert (opened["notice"], opened["value"], opened["count"]) == ("opened", 0.5, 4)
    assert (recovered["notice"], recovered["count"]) == ("recovered", 7)
    assert opened["incident_id"] == recovered["incident_id"] == incident["id"]
    assert incident["recovered_value"] == recovered["value"] == pytest.approx(2 / 7)
    assert await open_since(world, alert) is None


async def test_predictions_of_other_tasks_and_times_do_not_count(
    world: World, receiver: Receiver, task: str
) -> None:
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=5, ago=61, confidence=0.1)
    await log(world, f"{task}-other", count=5, confidence=0.1)
    await log(world, task, count=2, confidence=0.6)
    async with stepping(world) as step:
        await step()
        assert await history(world, alert) == []
        await log(world, task, count=2, confidence=0.59)
        await step()
    (incident,) = await history(world, alert)
    assert (incident["value"], incident["count"]) == (0.5, 4)


async def test_a_rule_without_a_task_sees_all_of_them(
    world: World, receiver: Receiver, task: str
) -> None:
    alert = await make(world, webhook(receiver), **BELOW_HALF | {"min_count": 20})
    for name in ("one", "two"):
        await log(world, f"{task}-{name}", count=20, confidence=0.1)
    async with stepping(world) as step:
        await step()
    (incident,) = await history(world, alert)
    assert incident["count"] >= 40


async def test_a_silence_after_traffic_is_noticed_and_its_end_too(
    world: World, receiver: Receiver, task: str
) -> None:
    rule = {"kind": "ingest_silence", "window_minutes": 5, "min_count": 3, "task": task}
    alert = await make(world, webhook(receiver), **rule)
    await log(world, task, count=2, ago=60)
    async with stepping(world) as step:
        await step()
        assert await history(world, alert) == []
        await log(world, task, ago=6)
        await step()
        await log(world, task)
        await step()
    (incident,) = await history(world, alert)
    assert (incident["value"], incident["count"]) == (1.0, 3)
    assert incident["recovered_value"] == 0.0
    assert len(receiver.got) == 2


async def test_within_the_cool_down_nothing_opens_again(
    world: World, receiver: Receiver, task: str
) -> None:
    patient = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    hasty = await make(world, webhook(receiver), task=task, cooldown_minutes=0, **BELOW_HALF)
    async with stepping(world) as step:
        await twice(world, step, task)
    assert len(await history(world, patient)) == 1
    assert len(await history(world, hasty)) == 2


async def test_the_worker_looks_and_sends_by_itself(
    world: World, receiver: Receiver, task: str
) -> None:
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)

    async def sent() -> bool:
        items = await history(world, alert)
        return [one["status"] for item in items for one in item["deliveries"]] == ["sent"]

    async with watching(world):
        await until(sent)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "ahead",
    [
        "UPDATE alerts SET looked_at = now() + interval '120 days'",
        "UPDATE alert_deliveries SET not_before = now() + interval '120 days', status = 'waiting'",
    ],
)
async def test_a_clock_that_was_ahead_silences_no_alert(
    world: World, receiver: Receiver, task: str, ahead: str
) -> None:
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    await log(world, task, count=2, confidence=0.1)
    if "deliveries" in ahead:
        async with stepping(world) as step:
            await step()
    receiver.got.clear()

    async def is_told() -> bool:
        return len(await history(world, alert)) == 1 and len(receiver.got) == 1

    async with connected(world.database.owner_url) as owner:
        await owner.execute(ahead)
    async with watching(world):
        await until(is_told)


async def test_many_workers_tell_it_once(world: World, receiver: Receiver, task: str) -> None:
    alerts = [await make(world, webhook(receiver), task=task, **BELOW_HALF) for _ in range(4)]
    await log(world, task, count=2, confidence=0.1)
    async with AsyncExitStack() as workers:
        steps = [await workers.enter_async_context(stepping(world)) for _ in range(4)]
        for _ in range(5):
            await asyncio.gather(*(step() for step in steps))
    for alert in alerts:
        assert len(await history(world, alert)) == 1
    incidents = {json.loads(body)["incident_id"] for _, body in receiver.got}
    assert len(incidents) == len(alerts)


@pytest.mark.law
async def test_intents_that_drift_apart_are_noticed_and_their_return_too(
    world: World, receiver: Receiver, task: str
) -> None:
    rule = {"kind": "drift", "window_minutes": 10, "reference_minutes": 60, "min_count": 20}
    alert = await make(world, webhook(receiver), task=task, **rule)
    for intent, before, now in (("greet", 20, 15), ("order", 20, 15)):
        await log(world, task, count=before, ago=30, predicted_intent=intent)
        await log(world, task, count=now, predicted_intent=intent)
    await log(world, task, count=50, ago=75, predicted_intent="refund")
    async with stepping(world) as step:
        await step()
        assert await history(world, alert) == []
        await log(world, task, count=40, predicted_intent="refund")
        await step()
        await log(world, task, count=40, ago=30, predicted_intent="refund")
        await step()
    (incident,) = await history(world, alert)
    assert incident["value"] > 1
    assert json.loads(receiver.got[0][1])["intent"] == "refund"
    assert incident["count"] == 40
    assert incident["recovered_value"] < 0.25


async def test_a_deleted_alert_tells_nothing_and_the_audit_log_keeps_who_did_it(
    world: World, receiver: Receiver, task: str
) -> None:
    alert = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    other = await make(world, webhook(receiver), task=task, **BELOW_HALF)
    assert (await world.admin.delete(f"/v1/admin/alerts/{alert}")).status_code == 204
    assert (await world.admin.delete(f"/v1/admin/alerts/{alert}")).status_code == 404
    assert (await world.admin.get(f"/v1/admin/alerts/{alert}/incidents")).status_code == 404
    await log(world, task, count=2, confidence=0.1)
    async with stepping(world) as step:
        await step()
    assert (await world.admin.delete(f"/v1/admin/alerts/{other}")).status_code == 204
    assert len(receiver.got) == 1
    async with connected(world.database.owner_url) as owner:
        kept = "SELECT action, actor LIKE 'key:%' FROM audit_log WHERE subject = $1 ORDER BY id"
        assert [tuple(row) for row in await owner.fetch(kept, alert)] == [
            ("alerts.create", True),
            ("alerts.delete", True),
        ]
        left = "SELECT count(*) FROM alert_deliveries WHERE body ->> 'alert_id' = $1"
        assert await owner.fetchval(left, other) == 0


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("user", "SELECT id FROM alerts"),
        ("service", "SELECT id FROM alert_incidents"),
        ("reviewer", "SELECT id FROM alert_deliveries"),
        ("admin", "SELECT channels FROM alerts"),
        ("admin", "INSERT INTO alert_incidents SELECT * FROM alert_incidents"),
        ("admin", "UPDATE alert_deliveries SET status = 'sent'"),
        ("job", "INSERT INTO alerts SELECT * FROM alerts"),
        ("job", "UPDATE alerts SET channels = '[]'"),
        ("job", "UPDATE alert_deliveries SET body = '{}'"),
    ],
)
async def test_each_role_has_no_more_rights_than_it_needs(
    world: World, role: str, statement: str
) -> None:
    async with connected(world.database.app_url) as app, app.transaction():
        await app.execute(f"SET LOCAL ROLE nlu_logger_{role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


async def test_the_history_comes_in_pages(world: World, receiver: Receiver, task: str) -> None:
    alert = await make(world, webhook(receiver), task=task, cooldown_minutes=0, **BELOW_HALF)
    async with stepping(world) as step:
        await twice(world, step, task)
    second, first = await history(world, alert)
    path = f"/v1/admin/alerts/{alert}/incidents"
    page = (await world.admin.get(path, params={"limit": 1})).json()
    assert [one["id"] for one in page["items"]] == [second["id"]]
    rest = (await world.admin.get(path, params={"before": page["next_cursor"]})).json()
    assert [one["id"] for one in rest["items"]] == [first["id"]]
    assert rest["next_cursor"] is None


async def twice(world: World, step: Step, task: str) -> None:
    """Low confidence, better confidence, low confidence again."""
    for count, confidence in ((2, 0.1), (3, 0.9), (9, 0.1)):
        await log(world, task, count=count, confidence=confidence)
        await step()


async def open_since(world: World, alert: str) -> str | None:
    listed = (await world.admin.get("/v1/admin/alerts")).json()
    (since,) = [one["open_since"] for one in listed if one["id"] == alert]
    return str(since) if since else None
