"""The worker: partitions, retention, exports, alerts; the relay runs with the resources."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.process.clock import by_clock
from nlu_shared.kit.process.processes import until_stopped

from nlu_logger.alerts import jobs as alerts
from nlu_logger.exports.destinations import destinations
from nlu_logger.exports.jobs import export_on_schedule
from nlu_logger.predictions import partitions
from nlu_logger.privacy.jobs import enforce_retention
from nlu_logger.resources import JOB_IDENTITY, Resources, open_resources
from nlu_logger.settings import Settings

log = structlog.get_logger(__name__)


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    async with open_resources(settings) as resources:
        await until_stopped(parts(resources))


def parts(resources: Resources) -> list[Coroutine[Any, Any, None]]:
    """What a worker does, side by side, each part until it is cancelled."""
    settings = resources.settings
    targets = destinations(settings.export_dir, settings.export_store)
    return [
        make_partitions(resources),
        enforce_retention(resources.database, JOB_IDENTITY, settings, resources.anonymiser),
        export_on_schedule(resources.database, targets, settings.schedule_seconds),
        alerts.watch(resources.database, JOB_IDENTITY, settings),
    ]


async def make_partitions(resources: Resources) -> None:
    """Keeps every kept and coming month's partition in place, until cancelled."""
    kept = timedelta(days=resources.settings.retention_days)

    async def look() -> None:
        async with session_scope(resources.database, JOB_IDENTITY) as session:
            if astray := await partitions.without_month(session):
                log.warning("predictions without a month", rows=astray)
            made = await partitions.look_after(session, kept=kept)
        log.info("partitions looked after", made=made)

    # Put off costs nothing yet: the default partition takes what has no month.
    await by_clock(look, seconds=resources.settings.partition_seconds, what="partitions")
