"""Forgetting by the clock: what nlu-logger has erased, and answers that are kept no longer."""

from contextlib import suppress

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import Conflict, Forbidden
from nlu_shared.kit.process.clock import by_clock

from induction import upstream
from induction.privacy import queries, service
from induction.resources import APP_IDENTITY, Resources
from induction.runs import cancelling
from induction.runs.starting import replayed, traffic

log = structlog.get_logger(__name__)


async def forget_by_clock(resources: Resources) -> None:
    """Looks every `forget_seconds` until cancelled; each case is forgotten in its own commit."""
    await by_clock(
        lambda: forget_once(resources), seconds=resources.settings.forget_seconds, what="forgetting"
    )


async def _read_on(resources: Resources) -> bool:
    """Whether there may be more to read. nlu-logger is asked while no connection is held."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        read = await service.read_up_to(session)
    try:
        erased = await upstream.fetch_erased(resources.logger, after=read.n, mark=read.mark)
    except upstream.AnotherList:
        log.warning("the list of erased cases was set back; it is read again", read_up_to=read.n)
        async with session_scope(resources.database, APP_IDENTITY) as session:
            await service.start_over(session, read)
        return True
    async with session_scope(resources.database, APP_IDENTITY) as session:
        await service.learn(session, read, erased)
    return bool(erased)


async def forget_once(resources: Resources) -> None:
    """Raises Unavailable where nlu-logger or the database is away."""
    while await _read_on(resources):
        pass
    async with session_scope(resources.database, APP_IDENTITY) as session:
        waiting = await service.pending(session)
    for case in waiting:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            done = await service.forget(session, case)
        log.info("case to forget", case_id=str(case.case_id), why=case.why.value, forgotten=done)
    await _forget_traffic(resources)
    while (days := resources.settings.answer_days) is not None:
        async with session_scope(resources.database, APP_IDENTITY) as session:
            pruned = await queries.prune(session, days=days)
        if pruned is None:
            return
        log.info("answers pruned", run_id=str(pruned.run_id), answers=pruned.answers)


async def _forget_traffic(resources: Resources) -> None:
    """What runs about predictions that are over still hold; and one that goes on is ended where
    somebody of whom it holds a prediction was forgotten."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        await replayed.sweep(session)
        active = [
            (run, await replayed.ids(session, run.id)) for run in await replayed.active(session)
        ]
    for run, ids in active:
        try:
            await traffic.again(resources.logger, run.task, ids)
        except traffic.PredictionGone:
            async with session_scope(resources.database, APP_IDENTITY) as session:
                with suppress(Conflict):
                    await cancelling.cancel(session, run.id)
            log.info("run ended: a prediction is gone", run_id=str(run.id))
        except Forbidden:
            log.warning("predictions cannot be read", run_id=str(run.id))
