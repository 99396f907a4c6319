"""Telling by the clock: findings wait in their runs' rows while nlu-logger is away."""

import asyncio

import structlog
from nlu_shared.kit.db import session_scope
from nlu_shared.kit.errors import Unavailable

from induction.findings import service
from induction.resources import APP_IDENTITY, Resources

log = structlog.get_logger(__name__)


async def tell_by_clock(resources: Resources) -> None:
    """Looks every `findings_seconds` until cancelled; each run's findings are one commit."""
    while True:
        try:
            await tell_once(resources)
        except Unavailable as away:
            log.warning("findings wait", reason=away.code)
        await asyncio.sleep(resources.settings.findings_seconds)


async def tell_once(resources: Resources) -> None:
    """Raises Unavailable where the database is away, or nlu-logger, or it refuses some run's: those
    of the others are told all the same."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        runs = await service.waiting(session)
    refused: Unavailable | None = None
    for run_id in runs:
        try:
            async with session_scope(resources.database, APP_IDENTITY) as session:
                new = await service.tell(session, resources.logger, run_id)
        except Unavailable as away:
            refused = away
            continue
        log.info("findings told", run_id=str(run_id), new=new)
    if refused is not None:
        raise refused
