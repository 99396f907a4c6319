"""The page of a task's trigger: its rules, how it stands, and what was decided."""

from typing import Annotated

from fastapi import APIRouter, Depends
from nlu_shared.kit.http.deps import AuthenticatorDep, CallerDep, DbSession, settings_of
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import button
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, Administrator, administers
from induction.dashboard.triggers import service
from induction.settings import Settings
from induction.triggers import routes as api

router = APIRouter()
SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.get("/tasks/{task}/trigger")
async def show_trigger(
    task: PathTask,
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    authenticator: AuthenticatorDep,
) -> HTMLResponse:
    view = await service.trigger_page(session, settings, task, authenticator, caller=caller)
    return HOUSE.page("trigger.html", login, at=None, view=view)


for path, does in (
    ("/triggers", api.change_auto_trigger),
    ("/triggers/pause", api.pause_auto_trigger),
    ("/triggers/resume", api.resume_auto_trigger),
    ("/triggers/reset-backoff", api.reset_auto_trigger_backoff),
):
    button(router, path, does, administers)
