"""Forgetting by the clock: what nlu-logger has erased does not wait for the next run."""

import asyncio

import structlog
from nlu_shared.kit.db import session_scope
from nlu_shared.kit.errors import Unavailable

from induction.privacy import service
from induction.resources import APP_IDENTITY, Resources

log = structlog.get_logger(__name__)


async def forget_by_clock(resources: Resources) -> None:
    """Looks every `forget_seconds` until cancelled; each case is forgotten in its own commit."""
    while True:
        try:
            await forget_once(resources)
        except Unavailable as away:
            log.warning("forgetting put off", reason=away.code)
        await asyncio.sleep(resources.settings.forget_seconds)


async def forget_once(resources: Resources) -> None:
    """Raises Unavailable where nlu-logger or the database is away."""
    learned = 1
    while learned:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            learned = await service.learn(session, resources.logger)
    async with session_scope(resources.database, APP_IDENTITY) as session:
        waiting = await service.pending(session)
    for case in waiting:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            done = await service.forget(session, case)
        log.info("case to forget", case_id=str(case.case_id), why=case.why.value, forgotten=done)
