"""The trigger's switch and its stored decisions, for operators."""

from fastapi import APIRouter
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import AnyTask, OneTask
from nlu_shared.schemas.triggers import AutoTrigger, AutoTriggerIn, TriggerDecision

from induction.triggers import service

router = APIRouter(prefix="/v1/admin/auto-trigger", tags=["admin"])
admin = requires("admin")


@router.post("", dependencies=[admin], responses={404: {"description": "There is no such task"}})
async def set_auto_trigger(
    body: AutoTriggerIn, session: DbSession, caller: CallerDep
) -> AutoTrigger:
    """When runs of a task start by themselves. Replaces what was set before."""
    own_task(caller, body.task)
    return await service.set_rules(session, body)


@router.get("", dependencies=[admin])
async def get_auto_trigger(task: OneTask, session: DbSession, caller: CallerDep) -> AutoTrigger:
    """When runs of a task start by themselves; off unless it was switched on."""
    own_task(caller, task)
    return await service.rules(session, task)


@router.get("/decisions", dependencies=[admin])
async def list_decisions(
    session: DbSession, caller: CallerDep, task: AnyTask = None
) -> list[TriggerDecision]:
    """Why runs did or did not start by themselves, the newest first."""
    rows = await service.decisions(session, task=task, caller=caller)
    return [TriggerDecision.model_validate(row.model_dump()) for row in rows]
