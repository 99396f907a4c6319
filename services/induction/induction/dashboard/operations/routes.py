"""The pages of operators: spend, queue, settings."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from nlu_shared.kit.http.deps import DbSession, of_every_task, settings_of
from nlu_shared.schemas.config import Source
from starlette.responses import HTMLResponse

from induction.dashboard.house import (
    HOUSE,
    KEYS,
    OPERATIONS,
    SPEND,
    Administrator,
    administers,
)
from induction.dashboard.operations import service
from induction.resources import Resources
from induction.settings import Settings

router = APIRouter()
SettingsDep = Annotated[Settings, Depends(settings_of)]
of_all = [administers, of_every_task]


@router.get("/operations", status_code=303)
async def show_first(login: Administrator) -> Response:
    """The first page that the key opens: one of some tasks sees no other's spend."""
    path = SPEND if login.caller.covers(None) else KEYS
    return Response(status_code=303, headers={"Location": path})


@router.get("/spend", dependencies=of_all)
async def show_spend(
    login: Administrator,
    session: DbSession,
    settings: SettingsDep,
    days: Literal["", "7", "28", "90", "365"] = "",
) -> HTMLResponse:
    view = await service.spend_page(session, settings, days=int(days or 0))
    return HOUSE.page("spend.html", login, at=OPERATIONS, view=view)


@router.get("/queue", dependencies=of_all)
async def show_queue(login: Administrator, request: Request, session: DbSession) -> HTMLResponse:
    resources: Resources = request.app.state.resources
    view = await service.queue_page(session, resources.redis)
    return HOUSE.page("queue.html", login, at=OPERATIONS, view=view)


@router.get("/config", dependencies=of_all)
async def show_config(
    login: Administrator,
    settings: SettingsDep,
    source: Source | Literal[""] = "",
    part: Annotated[str, Query(max_length=100)] = "",
) -> HTMLResponse:
    shown = service.settings_shown(settings, source=source or None, part=part)
    return HOUSE.page("config.html", login, at=OPERATIONS, shown=shown, source=source, part=part)
