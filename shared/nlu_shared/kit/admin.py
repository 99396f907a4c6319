"""What administrators find on both services: API keys, and the audit log."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from nlu_shared.kit import audit, keys
from nlu_shared.kit.auth import ADMIN
from nlu_shared.kit.deps import CallerDep, DbSession, of_every_task, requires
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.keys import KeyIn, KeyMade, KeyView, RotationIn

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[requires(ADMIN)])

Kept = Annotated[str | None, Query(max_length=200)]


@router.post("/keys", status_code=201)
async def create_key(body: KeyIn, session: DbSession, caller: CallerDep) -> KeyMade:
    return await keys.create(session, body, caller=caller)


@router.get("/keys")
async def list_keys(session: DbSession, caller: CallerDep) -> list[KeyView]:
    return await keys.every(session, caller=caller)


@router.post("/keys/{key_id}:rotate", status_code=201)
async def rotate_key(
    key_id: UUID, body: RotationIn, session: DbSession, caller: CallerDep
) -> KeyMade:
    grace = timedelta(hours=body.grace_hours)
    return await keys.rotate(session, key_id, grace=grace, caller=caller)


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(key_id: UUID, session: DbSession, caller: CallerDep) -> None:
    await keys.revoke(session, key_id, caller=caller)


@router.get("/audit", dependencies=[of_every_task])
async def read_audit_log(
    session: DbSession,
    actor: Kept = None,
    action: Kept = None,
    subject: Kept = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Page[AuditLine]:
    return await audit.page(
        session, actor=actor, action=action, subject=subject, before=before, limit=limit
    )
