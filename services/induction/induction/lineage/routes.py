"""The lineage, and what its steps were worth, by HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from nlu_shared.kit.deps import DbSession, requires
from nlu_shared.schemas.base import Page, Slug
from nlu_shared.schemas.blame import Blame
from nlu_shared.schemas.prompts import Ancestor

from induction.lineage import service

router = APIRouter(prefix="/v1/prompts/{task}", tags=["prompts"])


@router.get("/lineage", dependencies=[requires("prompts:read")])
async def list_lineage(
    task: Slug,
    session: DbSession,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[Ancestor]:
    """Versions of a prompt, newest first, each with what made it."""
    return await service.page(session, task, before=cursor, limit=limit)


@router.get("/versions/{version_id}/blame", dependencies=[requires("prompts:read")])
async def blame_version(task: Slug, version_id: UUID, session: DbSession) -> Blame:
    """Which change made each part of this prompt, the cases that fixed and broke, its tokens."""
    return await service.blame(session, task, version_id)
