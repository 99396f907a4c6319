"""Failed ideas by HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from nlu_shared.kit.deps import CallerDep, DbSession, requires
from nlu_shared.schemas.base import Page, Slug
from nlu_shared.schemas.prompts import FailedIdea

from induction.ideas import service
from induction.resources import Resources

router = APIRouter(prefix="/v1/prompts/{task}/ideas", tags=["prompts"])


@router.get("", dependencies=[requires("prompts:read")])
async def list_failed_ideas(
    task: Slug,
    request: Request,
    session: DbSession,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[FailedIdea]:
    """Changes that runs refused and that still count: same task model, same scorer, not too old."""
    resources: Resources = request.app.state.resources
    return await service.page(session, resources.settings, task, before=cursor, limit=limit)


@router.delete("/{version_id}", dependencies=[requires("prompts:write")], status_code=204)
async def clear_failed_idea(
    task: Slug, version_id: UUID, session: DbSession, caller: CallerDep
) -> None:
    """Lets later runs try the change again."""
    await service.clear(session, task, version_id, by=caller.subject)
