"""Which model a version runs on, and how that model is asked: as it was when it was measured."""

from typing import NamedTuple

from nlu_shared.schemas.endpoints import ModelEndpoint
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.llm.servers import Server
from induction.model_settings import ModelSettings
from induction.prompts.models import PromptVersionRow
from induction.tasks import service as tasks

_NEWEST = text(
    """
    SELECT measured.model, runs.servers -> measured.model AS server
    FROM (
        SELECT model, run_id, 0 AS rank FROM prompt_scores WHERE version_id = :version_id
        UNION ALL
        SELECT model, run_id, 1 FROM prompt_versions
        WHERE id = :version_id AND run_id IS NOT NULL AND model IS NOT NULL
    ) AS measured LEFT JOIN runs ON runs.id = measured.run_id
    ORDER BY measured.rank, measured.run_id DESC LIMIT 1
    """
)
"""The run that measured it last; of one without a score the run that made it, for another model
than its own cases were answered by."""
_FIRST = text(
    """
    SELECT runs.servers -> CAST(:model AS text) AS server
    FROM (
        SELECT run_id, 0 AS rank FROM prompt_versions WHERE id = :version_id
        UNION ALL
        SELECT run_id, 1 FROM prompt_scores WHERE version_id = :version_id AND model = :model
    ) AS measured JOIN runs ON runs.id = measured.run_id
    WHERE runs.servers -> CAST(:model AS text) IS NOT NULL
    ORDER BY measured.rank, measured.run_id LIMIT 1
    """
)
"""The run that made it, or of a version from outside the first that measured it on its model."""


class ModelChoice(NamedTuple):
    """A model by its name here, and how it is asked; None: nobody here knows."""

    name: str
    endpoint: ModelEndpoint | None


async def last_measured(
    session: AsyncSession, row: PromptVersionRow, settings: ModelSettings
) -> ModelChoice:
    """The model that the version was last measured with, else the task's own, else the service's.
    Of the latter two the settings say how they are asked."""
    measured = (await session.execute(_NEWEST, {"version_id": row.id})).one_or_none()
    if measured is not None:
        return ModelChoice(measured.model, _endpoint(measured.server, measured.model, settings))
    task = await tasks.get(session, row.task)
    name = task.task_model or settings.task_model
    return ModelChoice(name, settings.models_of.endpoint(name))


async def first_measured(
    session: AsyncSession, row: PromptVersionRow, settings: ModelSettings
) -> ModelChoice:
    """The model that the version was made for, which stays, else as `last_measured`."""
    if row.model is None:
        return await last_measured(session, row, settings)
    params = {"version_id": row.id, "model": row.model}
    server = (await session.execute(_FIRST, params)).scalar()
    return ModelChoice(row.model, _endpoint(server, row.model, settings))


def _endpoint(server: object, model: str, settings: ModelSettings) -> ModelEndpoint | None:
    """`server` is as a run has kept it; None: it has asked none."""
    if server is None:
        return settings.models_of.endpoint(model)
    return Server.model_validate(server).endpoint
