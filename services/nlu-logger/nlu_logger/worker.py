"""The worker: partitions ahead of time, retention; the relay runs with the resources."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from nlu_shared.kit.db import Database, session_scope
from nlu_shared.kit.errors import Unavailable
from nlu_shared.kit.processes import until_told
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from nlu_logger.privacy.jobs import enforce_retention
from nlu_logger.resources import JOB_IDENTITY, Resources, open_resources
from nlu_logger.settings import Settings

log = structlog.get_logger(__name__)
MONTHS_AHEAD = 3


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    async with open_resources(settings) as resources:
        await until_told(parts(resources))


def parts(resources: Resources) -> list[Coroutine[Any, Any, None]]:
    """What a worker does, side by side, each part until it is cancelled."""
    settings = resources.settings
    return [
        make_partitions(resources.database, settings),
        enforce_retention(resources.database, JOB_IDENTITY, settings, resources.anonymiser),
    ]


async def make_partitions(database: Database, settings: Settings) -> None:
    """Keeps the partitions of every month that may be written to in place, until cancelled."""
    while True:
        try:
            async with session_scope(database, JOB_IDENTITY) as session:
                made = await session.execute(
                    text("SELECT ensure_prediction_partitions(:back, :ahead)"),
                    {
                        "back": months_kept(settings.retention_days, datetime.now(UTC)),
                        "ahead": MONTHS_AHEAD,
                    },
                )
            log.info("partitions looked after", made=made.scalar_one())
        except (Unavailable, DBAPIError) as failed:
            # Costs nothing yet: the default partition takes what has no month.
            log.warning("partitions not looked after", reason=type(failed).__name__)
        await asyncio.sleep(settings.partition_seconds)


def months_kept(retention_days: int, now: datetime) -> int:
    """Months before this one that may still hold rows; the one before those has been dropped."""
    oldest = now - timedelta(days=retention_days)
    return (now.year - oldest.year) * 12 + now.month - oldest.month
