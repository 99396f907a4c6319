"""What was forgotten, and which prompts still quote it, for operators."""

from typing import Annotated

from fastapi import APIRouter, Query
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import MOST
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.privacy import ForgottenCase

from induction.privacy import service

router = APIRouter(prefix="/v1/admin/forgotten", tags=["admin"], dependencies=[requires("admin")])


@router.get("")
async def list_forgotten_cases(
    session: DbSession,
    caller: CallerDep,
    after: Annotated[
        int, Query(ge=0, lt=2**63, description="the last `n` that was read, or 0")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description=MOST)] = 100,
) -> Page[ForgottenCase]:
    """Cases nlu-logger has erased, removed or anonymised; `quoted_in` are prompt versions that
    still hold such a case, for a person to replace."""
    return await service.page(session, caller=caller, after=after, limit=limit)
