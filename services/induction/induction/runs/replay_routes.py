"""Replays of a version on logged predictions, by HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import MOST, Before, PathTask
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.replays import ReplayIn, VersionReplay
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunKind, RunModels, RunRequest

from induction.runs import queries, routes

router = APIRouter(prefix="/v1/prompts/{task}/versions/{version_id}/replay", tags=["prompts"])
VersionId = Annotated[UUID, Path(description="a version of this task")]
read, write = requires("runs:read"), requires("runs:write")
PLAINLY = ReplayIn()
STARTED: dict[int | str, dict[str, Any]] = {
    **routes.STARTED,
    403: {"description": "induction's key of nlu-logger lacks the scope predictions:read"},
    409: {"description": "The task is archived, or the version is an ensemble"},
}


@router.post("", dependencies=[write], status_code=202, response_model=None, responses=STARTED)
async def replay_version(
    task: PathTask,
    version_id: VersionId,
    request: Request,
    caller: CallerDep,
    response: Response,
    body: ReplayIn = PLAINLY,
) -> RunView | Forecast:
    """Puts the version to the newest logged predictions of its task (202, Location of the run), or
    with `dry_run` says what that could cost (200)."""
    order = RunRequest(
        task=task,
        kind=RunKind.REPLAY,
        prompt_version=version_id,
        predictions=body.predictions,
        models=RunModels(task=body.model),
        limits=body.limits,
        dry_run=body.dry_run,
    )
    return await routes.start_run(order, request, caller, response)


@router.get("", dependencies=[read])
async def list_replays(
    task: PathTask,
    version_id: VersionId,
    session: DbSession,
    cursor: Before = None,
    limit: Annotated[int, Query(ge=1, le=100, description=MOST)] = 20,
) -> Page[VersionReplay]:
    """What replays of the version have found, the newest first."""
    return await queries.replays(session, task, version_id, before=cursor, limit=limit)
