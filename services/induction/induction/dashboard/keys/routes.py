"""The page of keys: made, rotated, revoked. A key itself is in one answer alone."""

from datetime import UTC, datetime

from fastapi import APIRouter
from nlu_shared.kit.access import keys
from nlu_shared.kit.http import admin as api
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.pages.entrance import button
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, OPERATIONS, Administrator, administers
from induction.tasks import service as tasks

router = APIRouter()


@router.get("/keys")
async def show_keys(
    login: Administrator, session: DbSession, caller: CallerDep, known: api.KnownScopes
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


button(router, "/keys", api.create_key, administers)
button(router, "/keys/{key_id}/rotate", api.rotate_key, administers)
button(router, "/keys/{key_id}/revoke", api.revoke_key, administers, status_code=204)
