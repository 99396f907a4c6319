"""Which model a version runs on, and how that model is asked: as it was when it was measured."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from nlu_shared.schemas.endpoints import ModelEndpoint
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from induction.llm.servers import Server
from induction.model_settings import ModelSettings
from induction.prompts.models import PromptVersionRow
from induction.tasks import service as tasks

_MEASURED = text(
    """
    SELECT DISTINCT ON (version.id) version.id, measured.model,
        runs.servers -> measured.model AS server
    FROM unnest(CAST(:ids AS uuid[]), CAST(:full AS text[]), CAST(:short AS text[]))
        AS version (id, full_name, short_name)
    JOIN prompt_versions AS made ON made.id = version.id
    LEFT JOIN runs AS making ON making.id = made.run_id
    JOIN LATERAL (
        SELECT model, run_id, 0 AS rank FROM prompt_scores WHERE version_id = version.id
        UNION ALL
        SELECT model, run_id, 1 FROM prompt_versions
        WHERE id = version.id AND run_id IS NOT NULL AND model IS NOT NULL
    ) AS measured ON true
    LEFT JOIN runs ON runs.id = measured.run_id
    ORDER BY version.id,
        coalesce(making.task_model IN (version.full_name, version.short_name)
            AND made.model <> making.task_model AND measured.model = made.model, false) DESC,
        measured.model IN (version.full_name, version.short_name) DESC,
        coalesce(measured.model = made.model, false) DESC,
        measured.rank, measured.run_id DESC
    """
)
"""The newest run that measured it on the task's own model, else on the model that it was made for,
else on any; of one without a score the run that made it. First of all the run that made it to leave
the model that the task still has."""
_PROBED = text(
    """
    SELECT servers -> CAST(:model AS text) FROM runs
    WHERE servers -> CAST(:model AS text) IS NOT NULL ORDER BY id DESC LIMIT 1
    """
)
"""How the newest run found that a model is asked, whatever it was about."""
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

_BUNDLED = text(
    """
    SELECT origin -> 'endpoint' FROM bundle_origins
    WHERE version_id = :version_id AND jsonb_typeof(origin -> 'endpoint') = 'object'
    ORDER BY taken_at, origin_id LIMIT 1
    """
)
"""How its model was asked elsewhere, by the first bundle that tells."""


class ModelChoice(NamedTuple):
    """A model by its name here, and how it is asked; None: nobody here knows."""

    name: str
    endpoint: ModelEndpoint | None


async def served_with(
    session: AsyncSession, versions: Mapping[UUID, str], settings: ModelSettings
) -> dict[UUID, ModelChoice]:
    """What answers where these versions serve: the task's own model where they were measured with
    it, else the model that they were made for, else the one that they were last measured with. Of
    what a migration made it is the new model while the task has the old one, and after the task got
    a third one until a run has measured it with that. To try a version on another model changes
    nothing of what serves. Versions that were never measured are left out: they are asked of the
    task's own.

    versions: with their task's own model, else the service's.
    settings: the names of providers, and how a model is asked that no run has asked.
    """
    params = {
        "ids": list(versions),
        "full": list(map(settings.models_of.full_name, versions.values())),
        "short": list(map(settings.models_of.short_name, versions.values())),
    }
    return {
        row.id: ModelChoice(row.model, _endpoint(row.server, row.model, settings))
        for row in await session.execute(_MEASURED, params)
    }


async def measured(
    session: AsyncSession, row: PromptVersionRow, settings: ModelSettings
) -> ModelChoice | None:
    """As `served_with`; None: nothing here has measured it."""
    own = (await tasks.get(session, row.task)).task_model or settings.task_model
    return (await served_with(session, {row.id: own}, settings)).get(row.id)


async def of_version(
    session: AsyncSession, row: PromptVersionRow, settings: ModelSettings
) -> ModelChoice:
    """As `served_with`. A version that was not measured here is asked of the task's own model,
    whatever a bundle says it was measured with: no text goes to a provider by the word of another
    instance. How, as the newest run found it out that asked that model, else as the bundle tells
    of the same model, else as the settings have it."""
    if (known := await measured(session, row, settings)) is not None:
        return known
    own = (await tasks.get(session, row.task)).task_model or settings.task_model
    server = (await session.execute(_PROBED, {"model": own})).scalar()
    endpoint = _endpoint(server, own, settings)
    if (
        server is None
        and endpoint is not None
        and (bundled := await _bundled(session, row)) is not None
    ):
        endpoint = _spoken_to_alike(endpoint, bundled)
    return ModelChoice(own, endpoint)


async def first_measured(
    session: AsyncSession, row: PromptVersionRow, settings: ModelSettings
) -> ModelChoice:
    """The model that the version was made for, which stays, else as `served_with`; how it is asked
    by the first run that did, else by the bundle that it came in."""
    if row.model is None:
        return await of_version(session, row, settings)
    params = {"version_id": row.id, "model": row.model}
    server = (await session.execute(_FIRST, params)).scalar()
    bundled = await _bundled(session, row) if server is None else None
    if bundled is not None and row.model in (bundled.model, f"{bundled.provider}/{bundled.model}"):
        return ModelChoice(row.model, bundled)
    return ModelChoice(row.model, _endpoint(server, row.model, settings))


async def _bundled(session: AsyncSession, row: PromptVersionRow) -> ModelEndpoint | None:
    bundled = (await session.execute(_BUNDLED, {"version_id": row.id})).scalar()
    return None if bundled is None else ModelEndpoint.model_validate(bundled)


def _spoken_to_alike(own: ModelEndpoint, bundled: ModelEndpoint) -> ModelEndpoint:
    """The own one in the dialect of another instance's, where both are of one model, by its
    provider's name: its address, its time limit and its headers are those of here."""
    names = ("provider", "api", "model")
    is_same = all(getattr(own, name) == getattr(bundled, name) for name in names)
    return own.model_copy(update={"dialect": bundled.dialect}) if is_same else own


def _endpoint(server: object, model: str, settings: ModelSettings) -> ModelEndpoint | None:
    """`server` is as a run has kept it; None: it has asked none."""
    if server is None:
        return settings.models_of.endpoint(model)
    return Server.model_validate(server).endpoint
