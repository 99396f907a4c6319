"""Tasks by HTTP."""

from fastapi import APIRouter, Response
from nlu_shared.kit.auth import own_task
from nlu_shared.kit.deps import CallerDep, DbSession, requires
from nlu_shared.schemas.prompts import TaskIn

from induction.tasks import service

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])


@router.post(
    "",
    dependencies=[requires("tasks:write")],
    status_code=201,
    responses={
        200: {"model": TaskIn, "description": "It was there before"},
        409: {"description": "A different task has this slug"},
    },
)
async def create_task(
    body: TaskIn, session: DbSession, caller: CallerDep, response: Response
) -> TaskIn:
    """A task to optimise prompts for; the same again changes nothing."""
    own_task(caller, body.slug)
    row, is_new = await service.create(session, body)
    response.status_code = 201 if is_new else 200
    return row.spec()


@router.get("", dependencies=[requires("tasks:read")])
async def list_tasks(session: DbSession, caller: CallerDep) -> list[TaskIn]:
    """The tasks the caller may touch."""
    rows = await service.list_all(session)
    return [row.spec() for row in rows if caller.may_touch(row.slug)]
