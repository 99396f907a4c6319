"""Who asks whether a run should start: a job after approvals, and a clock in case it was lost; the
clock starts canaries too."""

from typing import Any

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import NotFound, ServiceError
from nlu_shared.kit.process.clock import by_clock

from induction.resources import APP_IDENTITY, Resources
from induction.triggers import consideration, queries

log = structlog.get_logger(__name__)


async def consider_run(context: dict[str, Any], task: str) -> None:
    """Ground truth of a task changed. A task induction does not know is nobody's error."""
    resources: Resources = context["resources"]
    try:
        decision = await consideration.consider(
            resources.database, APP_IDENTITY, resources.logger, resources.settings, task
        )
    except NotFound:
        log.info("task not known here", task=task)
        return
    log.info("considered", task=task, started=decision.started, reasons=decision.reasons)


async def consider_by_clock(resources: Resources) -> None:
    """Asks for every task that has its trigger on, and starts the canaries that are due, every
    `consider_seconds`, until cancelled."""
    await by_clock(
        lambda: consider_once(resources),
        seconds=resources.settings.consider_seconds,
        what="considerations",
    )


async def consider_once(resources: Resources) -> None:
    """Raises Unavailable where the database is away; what one task's question meets is its own."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        watched = await queries.enabled_tasks(session, "enabled")
        with_canary = await queries.enabled_tasks(session, "canary")
    for task in with_canary:
        try:
            await start_canary(resources, task)
        except ServiceError as error:
            log.warning("canary put off", task=task, reason=error.code)
    for task in watched:
        try:
            await consider_run({"resources": resources}, task)
        except ServiceError as error:
            log.warning("consideration put off", task=task, reason=error.code)


async def start_canary(resources: Resources, task: str) -> None:
    """Where one is due."""
    run = await consideration.start_canary(
        resources.database, APP_IDENTITY, resources.logger, resources.settings, task
    )
    if run is not None:
        log.info("canary started", task=task, run_id=str(run.id))
