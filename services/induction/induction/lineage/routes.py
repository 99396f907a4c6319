"""The lineage by HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from nlu_shared.kit.deps import DbSession, requires
from nlu_shared.schemas.base import Page, Slug
from nlu_shared.schemas.prompts import Ancestor

from induction.lineage import service

router = APIRouter(prefix="/v1/prompts/{task}/lineage", tags=["prompts"])


@router.get("", dependencies=[requires("prompts:read")])
async def list_lineage(
    task: Slug,
    session: DbSession,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[Ancestor]:
    """Versions of a prompt, newest first, each with what made it."""
    return await service.page(session, task, before=cursor, limit=limit)
