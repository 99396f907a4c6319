"""The registry by HTTP."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.etags import is_held
from nlu_shared.kit.http.parameters import MOST, Cursor, IfNoneMatch, PathTask
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.prompt_exports import PromptExport
from nlu_shared.schemas.prompts import PromptVersion, ServingAlias
from nlu_shared.schemas.registry import PromptImport

from induction.model_settings import ModelSettings
from induction.prompts import bringing, export, queries, service
from induction.resources import Resources
from induction.tasks import service as tasks

router = APIRouter(prefix="/v1/prompts/{task}", tags=["prompts"])
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]
AliasQuery = Annotated[
    ServingAlias, Query(description="which of those that serve: production or staging")
]
EXPORTED: dict[int | str, dict[str, Any]] = {
    200: {"model": PromptExport, "content": {"text/x-python": {"schema": {"type": "string"}}}},
    304: {"description": "The caller has these bytes"},
    409: {"description": "The run that made the version goes on, or it is an ensemble"},
}
HAS_TEXT: dict[int | str, dict[str, Any]] = {
    409: {"description": "The version is an ensemble, which has no prompt of its own"}
}
read, write = requires("prompts:read"), requires("prompts:write")


@router.post(
    "/versions",
    dependencies=[write],
    status_code=201,
    responses={
        200: {"model": PromptVersion, "description": "It was there before"},
        409: {"description": "It is to serve, and the task asks for a better verdict first"},
    },
)
async def import_version(
    task: PathTask, body: PromptImport, request: Request, caller: CallerDep, response: Response
) -> PromptVersion:
    """A version from outside, for runs or to serve; the same again is one version.

    It has to name the task's labels as they stand in nlu-logger, or as last seen where that is
    away; with other labels than before it is another version. What is to serve waits as a proposal
    where the task asks for approvals.
    """
    resources: Resources = request.app.state.resources
    identity = resources.identity(caller)
    spec = await tasks.fresh(resources.database, identity, resources.logger, task)
    async with session_scope(resources.database, identity) as session:
        row, is_new = await bringing.bring_in(
            session, spec, body, model=model_settings(request).task_model, by=caller.subject
        )
        response.status_code = 201 if is_new else 200
        return await queries.view(session, row)


@router.get("/versions", dependencies=[read])
async def list_versions(
    task: PathTask,
    session: DbSession,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200, description=MOST)] = 50,
) -> Page[PromptVersion]:
    """Versions of a prompt, oldest first."""
    return await queries.page(session, task, after=cursor, limit=limit)


@router.get("/versions/{version_id}", dependencies=[read])
async def get_version(task: PathTask, version_id: VersionId, session: DbSession) -> PromptVersion:
    """A version with its content and everything measured of it."""
    return await queries.view(session, await service.get(session, task, version_id))


@router.get("/versions/{version_id}/diff", dependencies=[read], responses=HAS_TEXT)
async def diff_versions(
    task: PathTask,
    version_id: VersionId,
    against: Annotated[UUID, Query(description="the version to start from")],
    session: DbSession,
) -> PromptDiff:
    """What changed from the version `against` to this one."""
    return await queries.diff(session, task, before=against, after=version_id)


@router.get("/export", dependencies=[read], response_class=Response, responses=EXPORTED)
async def export_version(
    task: PathTask,
    session: DbSession,
    request: Request,
    version: Annotated[
        UUID | None, Query(description="the version; without it, the one that serves")
    ] = None,
    alias: AliasQuery = ServingAlias.PRODUCTION,
    format: Annotated[
        Literal["py", "json"], Query(description="py: a module prompts.py; json: the same as data")
    ] = "py",
    if_none_match: IfNoneMatch = "",
) -> Response:
    """The version named, else the one that serves, as text. Its id and sha256 are in it, and it is
    the same, byte for byte, whenever it is asked for."""
    row = await (
        service.get(session, task, version) if version else queries.serving(session, task, alias)
    )
    settings = model_settings(request)
    text = await queries.exported(session, row, as_json=format == "json", settings=settings)
    etag = f'"{export.sha256(text)}"'
    if is_held(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag})
    kind = "text/x-python" if format == "py" else "application/json"
    return Response(text, media_type=kind, headers={"ETag": etag})


def model_settings(request: Request) -> ModelSettings:
    """The service's own model, which answers where neither a measurement nor a task names one, and
    its providers."""
    settings: ModelSettings = request.app.state.resources.settings
    return settings
