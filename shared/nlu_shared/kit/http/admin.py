"""What administrators find on both services: API keys, the audit log, and the settings."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request

from nlu_shared.kit.access import audit, keys
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.http import config
from nlu_shared.kit.http.deps import CallerDep, DbSession, of_every_task, requires
from nlu_shared.kit.http.parameters import MOST, Before
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.config import SettingView
from nlu_shared.schemas.keys import KeyIn, KeyMade, KeyView, RotationIn, ScopeView

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[requires(ADMIN)])


async def _scopes(request: Request) -> Mapping[str, str]:
    known: Mapping[str, str] = request.app.state.scopes
    return known


KnownScopes = Annotated[Mapping[str, str], Depends(_scopes)]
KeyId = Annotated[UUID, Path(description="the key's id, not the key")]
Actor = Annotated[str | None, Query(max_length=200, description="of this actor alone")]
Action = Annotated[str | None, Query(max_length=200, description="of this action alone")]
Subject = Annotated[str | None, Query(max_length=200, description="about this id alone")]


@router.post("/keys", status_code=201)
async def create_key(
    body: KeyIn, session: DbSession, caller: CallerDep, known: KnownScopes
) -> KeyMade:
    """A key that may do what `scopes` say, for `tasks`. The key itself is in this answer alone."""
    now = datetime.now(UTC)
    return await keys.issue(session, body, known=known, now=now, caller=caller)


@router.get("/scopes")
async def list_scopes(known: KnownScopes) -> list[ScopeView]:
    """What keys of this service may be allowed to do."""
    return [ScopeView(scope=scope, allows=allows) for scope, allows in known.items()]


@router.get("/keys")
async def list_keys(session: DbSession, caller: CallerDep) -> list[KeyView]:
    """Keys, the revoked too, that are for no task but the caller's; never what they open with."""
    return await keys.every(session, caller=caller)


@router.post("/keys/{key_id}:rotate", status_code=201)
async def rotate_key(
    key_id: KeyId, body: RotationIn, session: DbSession, caller: CallerDep
) -> KeyMade:
    """A new key that may do the same; the old one ends after `grace_hours` at the latest."""
    grace = timedelta(hours=body.grace_hours)
    return await keys.rotate(session, key_id, grace=grace, caller=caller)


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(key_id: KeyId, session: DbSession, caller: CallerDep) -> None:
    """From now on, and the few seconds a process remembers it, the key opens nothing."""
    await keys.revoke(session, key_id, caller=caller)


@router.get("/audit", dependencies=[of_every_task])
async def read_audit_log(
    session: DbSession,
    actor: Actor = None,
    action: Action = None,
    subject: Subject = None,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=1000, description=MOST)] = 100,
) -> Page[AuditLine]:
    """Who changed what, the newest first."""
    return await audit.page(
        session, actor=actor, action=action, subject=subject, before=before, limit=limit
    )


@router.get("/config", dependencies=[of_every_task])
async def read_config(request: Request) -> list[SettingView]:
    """Every setting of the process that answers, and where it came from; secrets are masked."""
    return config.shown(request.app.state.resources.settings)
