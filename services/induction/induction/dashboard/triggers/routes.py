"""The page of a task's trigger: its rules, how it stands, and what was decided."""

from typing import Annotated

from fastapi import APIRouter, Depends
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.schemas.triggers import AutoTriggerIn, AutoTriggerOf, AutoTriggerView
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, Administrator, administers
from induction.dashboard.triggers import service
from induction.settings import Settings
from induction.triggers import service as triggers

router = APIRouter()
SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.get("/tasks/{task}/trigger")
async def show_trigger(
    task: PathTask,
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> HTMLResponse:
    view = await service.trigger_page(session, settings, task, caller=caller)
    return HOUSE.page("trigger.html", login, at=None, view=view)


@router.post("/triggers", dependencies=[administers])
async def send_rules(
    body: AutoTriggerIn, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    own_task(caller, body.task)
    return await triggers.change_rules(session, settings, body, by=caller.subject)


@router.post("/triggers/pause", dependencies=[administers])
async def press_pause(
    body: AutoTriggerOf, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    own_task(caller, body.task)
    return await triggers.pause(session, settings, body.task, by=caller.subject)


@router.post("/triggers/resume", dependencies=[administers])
async def press_resume(
    body: AutoTriggerOf, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    own_task(caller, body.task)
    return await triggers.resume(session, settings, body.task, by=caller.subject)


@router.post("/triggers/reset-backoff", dependencies=[administers])
async def press_reset(
    body: AutoTriggerOf, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    own_task(caller, body.task)
    return await triggers.reset_backoff(session, settings, body.task, by=caller.subject)
