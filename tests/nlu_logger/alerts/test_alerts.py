"""A rule is broken, somebody is told; it holds again, they are told that too."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nlu_logger.alerts.jobs import watch
from nlu_logger.resources import JOB_IDENTITY
from nlu_logger.settings import Settings
from nlu_shared.ids import uuid7
from nlu_shared.kit.db import open_database

from tests.fixtures.databases import Databases
from tests.fixtures.servers import Servers
from tests.fixtures.stack import until
from tests.nlu_logger.alerts.receiver import Receiver, receiving
from tests.nlu_logger.world import World, opened

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes for the tests!!").decode()
PRIVATE = ["127.0.0.1"]


@pytest.fixture(scope="module")
async def world(databases: Databases, servers: Servers) -> AsyncIterator[World]:
    async with opened(databases, servers, alert_private_hosts=PRIVATE) as made:
        yield made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@asynccontextmanager
async def watching(world: World, servers: Servers, **changed: Any) -> AsyncIterator[None]:
    """A worker that looks ten times a second."""
    told: dict[str, Any] = {
        "database_url": world.database.app_url,
        "redis_url": servers.redis_url,
        "alert_seconds": 0.1,
        "alert_private_hosts": PRIVATE,
        **changed,
    }
    settings = Settings(**told)
    async with open_database(settings.database, pool_size=4) as database:
        watcher = asyncio.create_task(watch(database, JOB_IDENTITY, settings))
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)


async def make(world: World, receiver: Receiver, **rule: Any) -> str:
    webhook = {"kind": "webhook", "url": receiver.url, "secret": SECRET}
    asked = {"rule": {"name": "of a test", **rule}, "channels": [webhook]}
    answer = await world.admin.post("/v1/admin/alerts", json=asked)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def log(world: World, task: str, *, count: int = 1, ago: float = 1, **said: Any) -> list[str]:
    """Predictions made `ago` minutes ago."""
    made = datetime.now(UTC) - timedelta(minutes=ago)
    return [
        await world.log(id=str(uuid7(made)), task=task, prompt="a private text", **said)
        for _ in range(count)
    ]


async def end(world: World, ids: list[str], *, well: bool) -> None:
    for one in ids:
        said = {"was_successful": well}
        answer = await world.admin.post(f"/v1/predictions/{one}/outcome", json=said)
        assert answer.status_code == 200


async def history(world: World, alert: str) -> list[dict[str, Any]]:
    answer = await world.admin.get(f"/v1/admin/alerts/{alert}/incidents")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_an_error_rate_opens_one_incident_and_its_end_is_told(
    world: World, servers: Servers, receiver: Receiver, task: str
) -> None:
    alert = await make(world, receiver, kind="error_rate", task=task, threshold=0.5, min_count=4)
    await end(world, await log(world, task, count=2), well=True)
    await end(world, await log(world, task, count=2), well=False)
    async with watching(world, servers):
        await until(lambda: _some(receiver, 1))
        await end(world, await log(world, task, count=3), well=True)
        await until(lambda: _some(receiver, 2))
        (incident,) = await until(lambda: _settled(world, alert, 2))
    opened_, recovered = (json.loads(body) for _, body in receiver.got)
    assert (opened_["notice"], opened_["value"], opened_["count"]) == ("opened", 0.5, 4)
    assert (recovered["notice"], recovered["count"]) == ("recovered", 7)
    assert opened_["incident_id"] == recovered["incident_id"] == incident["id"]
    assert [one["status"] for one in incident["deliveries"]] == ["sent", "sent"]
    assert b"private" not in b"".join(body for _, body in receiver.got)


async def _some(receiver: Receiver, count: int) -> bool:
    return len(receiver.got) >= count


async def _settled(world: World, alert: str, deliveries: int) -> list[dict[str, Any]]:
    """The incidents, once so many notices of theirs are sent."""
    items = await history(world, alert)
    sent = [d for one in items for d in one["deliveries"] if d["status"] == "sent"]
    return items if len(sent) == deliveries else []
