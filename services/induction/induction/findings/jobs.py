"""Telling by the clock: findings wait in their runs' rows while nlu-logger is away."""

from uuid import UUID

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import Unavailable
from nlu_shared.kit.process.clock import by_clock

from induction import upstream
from induction.findings import service
from induction.resources import APP_IDENTITY, Resources

log = structlog.get_logger(__name__)


async def tell_by_clock(resources: Resources) -> None:
    """Looks every `findings_seconds` until cancelled; each run's findings are one post."""
    await by_clock(
        lambda: tell_once(resources), seconds=resources.settings.findings_seconds, what="findings"
    )


async def tell_once(resources: Resources) -> None:
    """Raises Unavailable where the database is away, or nlu-logger, or it refuses some run's: those
    of the others are told all the same."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        runs = await service.waiting(session)
    refused: Unavailable | None = None
    for run_id in runs:
        try:
            new = await _tell(resources, run_id)
        except Unavailable as away:
            refused = away
            continue
        log.info("findings told", run_id=str(run_id), new=new)
    if refused is not None:
        raise refused


async def _tell(resources: Resources, run_id: UUID) -> int:
    """How many findings of the run were new to nlu-logger. Raises Unavailable: then nothing is
    marked. Between the two commits another worker may tell them too: they are the same."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        findings = await service.to_tell(session, run_id)
    if findings is None:
        return 0
    new = await upstream.tell_findings(resources.logger, findings)
    async with session_scope(resources.database, APP_IDENTITY) as session:
        await service.mark(session, run_id)
    return new
