"""The trigger's rules and state and its stored decisions, for operators."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires, settings_of
from nlu_shared.kit.http.parameters import MOST, AnyTask, Cursor, OneTask
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.triggers import (
    AutoTriggerIn,
    AutoTriggerOf,
    AutoTriggerView,
    TriggerDecision,
)

from induction.settings import Settings
from induction.triggers import queries, service

router = APIRouter(prefix="/v1/admin/auto-trigger", tags=["admin"])
admin = requires("admin")
SettingsDep = Annotated[Settings, Depends(settings_of)]
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"description": "There is no such task"}}
LIVE = {**UNKNOWN, 409: {"description": "The task is archived, and its trigger stays off"}}


@router.post("", dependencies=[admin], responses=LIVE)
async def set_auto_trigger(
    body: AutoTriggerIn, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    """When runs of a task start by themselves. Replaces what was set before: rules that are left
    out become the service's defaults."""
    own_task(caller, body.task)
    return await service.set_rules(session, settings, body, by=caller.subject)


@router.patch("", dependencies=[admin], responses=LIVE)
async def change_auto_trigger(
    body: AutoTriggerIn, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    """Changes the rules that are given and leaves the others."""
    own_task(caller, body.task)
    return await service.change_rules(session, settings, body, by=caller.subject)


@router.get("", dependencies=[admin], responses=UNKNOWN)
async def get_auto_trigger(
    task: OneTask, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    """When runs of a task start by themselves, and how that stands; off unless it was switched
    on."""
    own_task(caller, task)
    return await service.view(session, settings, task)


@router.post("/pause", dependencies=[admin], responses=UNKNOWN)
async def pause_auto_trigger(
    body: AutoTriggerOf, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    """No run starts by itself until it is resumed; a run under way goes on."""
    own_task(caller, body.task)
    return await service.pause(session, settings, body.task, by=caller.subject)


@router.post("/resume", dependencies=[admin], responses=LIVE)
async def resume_auto_trigger(
    body: AutoTriggerOf, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    """Runs may start by themselves again."""
    own_task(caller, body.task)
    return await service.resume(session, settings, body.task, by=caller.subject)


@router.post("/reset-backoff", dependencies=[admin], responses=UNKNOWN)
async def reset_auto_trigger_backoff(
    body: AutoTriggerOf, settings: SettingsDep, session: DbSession, caller: CallerDep
) -> AutoTriggerView:
    """A person has looked: automatic runs so far count for no stop and no backoff any more."""
    own_task(caller, body.task)
    return await service.reset_backoff(session, settings, body.task, by=caller.subject)


@router.get("/decisions", dependencies=[admin], responses=UNKNOWN)
async def list_decisions(
    session: DbSession,
    caller: CallerDep,
    task: AnyTask = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=100, description=MOST)] = 20,
) -> Page[TriggerDecision]:
    """Why runs did or did not start by themselves, the newest first. Considerations that end alike
    one after the other are one decision, with how often."""
    return await queries.decision_page(session, task, own=caller.tasks, before=cursor, limit=limit)
