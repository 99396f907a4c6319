"""The page of keys: made, rotated, revoked. A key itself is in one answer alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from nlu_shared.kit.access import keys
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.schemas.keys import KeyIn, KeyMade, RotationIn
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, OPERATIONS, Administrator, administers
from induction.tasks import service as tasks

router = APIRouter()
KeyId = Annotated[UUID, Path(description="the key's id, not the key")]


async def _scopes(request: Request) -> Mapping[str, str]:
    known: Mapping[str, str] = request.app.state.scopes
    return known


KnownScopes = Annotated[Mapping[str, str], Depends(_scopes)]


@router.get("/keys")
async def show_keys(
    login: Administrator, session: DbSession, caller: CallerDep, known: KnownScopes
) -> HTMLResponse:
    return HOUSE.page(
        "keys.html",
        login,
        at=OPERATIONS,
        keys=await keys.every(session, caller=caller),
        scopes=known,
        tasks=[one.slug for one in await tasks.list_all(session) if caller.may_touch(one.slug)],
        now=datetime.now(UTC),
    )


@router.post("/keys", dependencies=[administers])
async def send_key(
    body: KeyIn, session: DbSession, caller: CallerDep, known: KnownScopes
) -> KeyMade:
    return await keys.issue(session, body, known=known, now=datetime.now(UTC), caller=caller)


@router.post("/keys/{key_id}/rotate", dependencies=[administers])
async def press_rotate(
    key_id: KeyId, body: RotationIn, session: DbSession, caller: CallerDep
) -> KeyMade:
    grace = timedelta(hours=body.grace_hours)
    return await keys.rotate(session, key_id, grace=grace, caller=caller)


@router.post("/keys/{key_id}/revoke", dependencies=[administers], status_code=204)
async def press_revoke(key_id: KeyId, session: DbSession, caller: CallerDep) -> None:
    await keys.revoke(session, key_id, caller=caller)
