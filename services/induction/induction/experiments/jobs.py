"""Experiments are looked at by the clock."""

import structlog
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.process.clock import by_clock

from induction.experiments import queries, service
from induction.resources import APP_IDENTITY, Resources

log = structlog.get_logger(__name__)


async def look_by_clock(resources: Resources) -> None:
    """At every experiment that is running, every `experiment_seconds`, until cancelled."""
    await by_clock(
        lambda: look_once(resources),
        seconds=resources.settings.experiment_seconds,
        what="experiments",
    )


async def look_once(resources: Resources) -> None:
    """Raises Unavailable where the database is away; what one experiment meets is its own."""
    async with session_scope(resources.database, APP_IDENTITY) as session:
        running = await queries.running(session)
    for task, experiment_id in running:
        try:
            experiment = await service.look(
                resources.database, APP_IDENTITY, resources.logger, task, experiment_id
            )
        except ServiceError as error:
            log.warning(
                "experiment put off", experiment=str(experiment_id), task=task, reason=error.code
            )
        else:
            log.info(
                "looked",
                experiment=str(experiment.id),
                task=task,
                status=experiment.status,
                share=experiment.share,
            )
