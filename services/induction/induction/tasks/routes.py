"""Tasks by HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.schemas.tasks import TaskChange, TaskIn, TaskView

from induction.resources import Resources
from induction.tasks import service

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])
read, write = requires("tasks:read"), requires("tasks:write")


@router.post(
    "",
    dependencies=[write],
    status_code=201,
    responses={
        200: {"model": TaskView, "description": "It was there before"},
        409: {"description": "A different task has this slug, or other labels stand"},
    },
)
async def create_task(
    body: TaskIn, request: Request, caller: CallerDep, response: Response
) -> TaskView:
    """A task to optimise prompts for; the same again changes nothing.

    Its labels are nlu-logger's label set: `labels` define it where there is none, for which
    induction's key of nlu-logger needs the scope labels:write; left out, the set there is taken.
    A model without a price is refused, unless the offline model answers.
    A model that is named is asked one small question: `notes` say what is to be known about it.
    """
    own_task(caller, body.slug)
    resources: Resources = request.app.state.resources
    view, is_new = await service.create(
        resources.database,
        resources.identity(caller),
        resources.logger,
        resources.settings,
        body,
        looking=resources.remarks_on,
    )
    response.status_code = 201 if is_new else 200
    return view


@router.get("", dependencies=[read])
async def list_tasks(
    session: DbSession,
    caller: CallerDep,
    archived: Annotated[bool, Query(description="list archived tasks too")] = False,
) -> list[TaskView]:
    """The tasks the caller may touch, by slug."""
    rows = await service.list_all(session, archived=archived)
    return [row.view() for row in rows if caller.may_touch(row.slug)]


@router.get("/{task}", dependencies=[read])
async def get_task(task: PathTask, request: Request, caller: CallerDep) -> TaskView:
    """A task with its labels as they stand in nlu-logger; where that is away, as last seen."""
    resources: Resources = request.app.state.resources
    return await service.fresh(
        resources.database, resources.identity(caller), resources.logger, task
    )


@router.patch(
    "/{task}",
    dependencies=[write],
    responses={409: {"description": "The labels changed meanwhile, or one of them is in use"}},
)
async def change_task(
    task: PathTask, body: TaskChange, request: Request, caller: CallerDep
) -> TaskView:
    """Changes what is given and nothing else; a model that is null is the service's default again.

    New labels are a new version of nlu-logger's label set and a new era of scores; versions,
    lineage and what failed before stay. A run under way goes on with what it was started with.
    """
    resources: Resources = request.app.state.resources
    return await service.change(
        resources.database,
        resources.identity(caller),
        resources.logger,
        resources.settings,
        task,
        body,
        by=caller.subject,
        looking=resources.remarks_on,
    )
