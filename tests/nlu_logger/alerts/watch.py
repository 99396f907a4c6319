"""A worker that looks often, rules that are quick to break, and what was told of them."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from nlu_logger.alerts import jobs
from nlu_logger.resources import JOB_IDENTITY
from nlu_logger.settings import Settings
from nlu_shared.ids import uuid7
from nlu_shared.kit.data.db import open_database, session_scope
from sqlalchemy import text

from tests.fixtures.receiver import Receiver
from tests.nlu_logger.world import World

SECRET = "whsec_" + base64.b64encode(b"thirty-two bytes for the tests!!").decode()
PRIVATE = ["127.0.0.1"]
BELOW_HALF = {"kind": "low_confidence_share", "threshold": 0.5, "below": 0.6, "min_count": 2}


Step = Callable[[], Awaitable[None]]


@asynccontextmanager
async def watching(world: World, **changed: Any) -> AsyncIterator[None]:
    """A worker as it runs, twenty times a second."""
    settings = settings_of(world, alert_seconds=0.05, **changed)
    async with open_database(settings.database, pool_size=4) as database:
        watcher = asyncio.create_task(jobs.watch(database, JOB_IDENTITY, settings))
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)


@asynccontextmanager
async def stepping(world: World, **changed: Any) -> AsyncIterator[Step]:
    """A worker that looks and sends once whenever it is asked to, and has no patience: what was
    to be looked at or sent again later is so now."""
    settings = settings_of(world, **changed)
    async with open_database(settings.database, pool_size=4) as database:

        async def step() -> None:
            async with session_scope(database, JOB_IDENTITY) as session:
                await session.execute(text("UPDATE alerts SET looked_at = NULL"))
                await session.execute(text("UPDATE alert_deliveries SET not_before = now()"))
            await jobs.look_at_all(database, JOB_IDENTITY, settings)
            await jobs.send_all(database, JOB_IDENTITY, settings)

        yield step


def settings_of(world: World, **changed: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": world.database.app_url,
        "redis_url": "redis://127.0.0.1:1",
        "alert_private_hosts": PRIVATE,
        **changed,
    }
    return Settings(**values)


def webhook(receiver: Receiver) -> dict[str, str]:
    return {"kind": "webhook", "url": receiver.url, "secret": SECRET}


async def make(world: World, *channels: dict[str, Any], **rule: Any) -> str:
    """The id of a new alert."""
    body = {"rule": {"name": "of a test", **rule}, "channels": channels}
    answer = await world.admin.post("/v1/admin/alerts", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def forget_all(world: World) -> None:
    for alert in (await world.admin.get("/v1/admin/alerts")).json():
        await world.admin.delete(f"/v1/admin/alerts/{alert['id']}")


async def log(
    world: World, task: str, *, count: int = 1, ago: float = 1, **fields: Any
) -> list[str]:
    """Predictions made `ago` minutes ago."""
    moment = datetime.now(UTC) - timedelta(minutes=ago)
    return [
        await world.log(id=str(uuid7(moment)), task=task, prompt="a private text", **fields)
        for _ in range(count)
    ]


async def end(world: World, ids: list[str], *, well: bool) -> None:
    for one in ids:
        body = {"was_successful": well}
        answer = await world.admin.post(f"/v1/predictions/{one}/outcome", json=body)
        assert answer.status_code == 200


async def history(world: World, alert: str) -> list[dict[str, Any]]:
    answer = await world.admin.get(f"/v1/admin/alerts/{alert}/incidents")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
