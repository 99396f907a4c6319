"""History by HTTP: failed ideas, the lineage, and what its steps were worth."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import MOST, Cursor, PathTask
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.blame import Blame
from nlu_shared.schemas.lineage import Ancestor, FailedIdea

from induction.history import failures, lineage
from induction.prompts.routes import HAS_TEXT
from induction.resources import Resources

router = APIRouter(prefix="/v1/prompts/{task}", tags=["prompts"])
read, write = requires("prompts:read"), requires("prompts:write")
Limit = Annotated[int, Query(ge=1, le=200, description=MOST)]
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]


@router.get("/ideas", dependencies=[read])
async def list_failed_ideas(
    task: PathTask,
    request: Request,
    session: DbSession,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[FailedIdea]:
    """Changes that runs refused and that still count: same task model, same scorer, not too old."""
    resources: Resources = request.app.state.resources
    return await failures.page(session, resources.settings, task, before=cursor, limit=limit)


@router.delete("/ideas/{version_id}", dependencies=[write], status_code=204)
async def clear_failed_idea(
    task: PathTask, version_id: VersionId, session: DbSession, caller: CallerDep
) -> None:
    """Lets later runs try the change again."""
    await failures.clear(session, task, version_id, by=caller.subject)


@router.get("/lineage", dependencies=[read])
async def list_lineage(
    task: PathTask, session: DbSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[Ancestor]:
    """Versions of a prompt, newest first, each with what made it."""
    return await lineage.page(session, task, before=cursor, limit=limit)


@router.get("/versions/{version_id}/blame", dependencies=[read], responses=HAS_TEXT)
async def blame_version(task: PathTask, version_id: VersionId, session: DbSession) -> Blame:
    """Which change made each part of this prompt, the cases that fixed and broke, its tokens."""
    return await lineage.blame(session, task, version_id)
