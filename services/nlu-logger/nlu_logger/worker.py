"""The worker: makes partitions ahead of time; the relay runs with the resources."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from nlu_shared.kit.db import Database, session_scope
from nlu_shared.kit.errors import Unavailable
from nlu_shared.kit.processes import until_told
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from nlu_logger.exports.jobs import export_on_schedule
from nlu_logger.exports.places import places
from nlu_logger.resources import JOB_IDENTITY, Resources, open_resources
from nlu_logger.settings import Settings

log = structlog.get_logger(__name__)
MONTHS_BACK, MONTHS_AHEAD = 4, 3


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    async with open_resources(settings) as resources:
        await until_told(parts(resources))


def parts(resources: Resources) -> list[Coroutine[Any, Any, None]]:
    """What a worker does, side by side, each part until it is cancelled."""
    settings = resources.settings
    targets = places(settings.export_dir, settings.export_store)
    return [
        make_partitions(resources.database, settings.partition_seconds),
        export_on_schedule(resources.database, targets, settings.schedule_seconds),
    ]


async def make_partitions(database: Database, seconds: float) -> None:
    """Keeps the coming months' partitions in place, looking every `seconds`, until cancelled."""
    while True:
        try:
            async with session_scope(database, JOB_IDENTITY) as session:
                made = await session.execute(
                    text("SELECT ensure_prediction_partitions(:back, :ahead)"),
                    {"back": MONTHS_BACK, "ahead": MONTHS_AHEAD},
                )
            log.info("partitions looked after", made=made.scalar_one())
        except (Unavailable, DBAPIError) as failed:
            # Costs nothing yet: the default partition takes what has no month.
            log.warning("partitions not looked after", reason=type(failed).__name__)
        await asyncio.sleep(seconds)
