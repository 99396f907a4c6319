"""The sheets of a task: made and changed by one, improved by the other."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import button
from nlu_shared.schemas.labels import LabelSpec
from nlu_shared.schemas.promotions import MOST_APPROVERS, PromotionVerdict
from nlu_shared.schemas.prompts import TaskKind
from nlu_shared.schemas.runs import RunLimits
from nlu_shared.schemas.tasks import TaskSpec, TaskView
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, Reader, entrance
from induction.dashboard.tasks import service
from induction.settings import Settings
from induction.tasks import routes as api

router = APIRouter()
NEW = TaskSpec(slug="new", kind=TaskKind.INTENT)
writes = entrance.needs("tasks:write")
Writer = Annotated[Login, entrance.needs("tasks:read", "tasks:write")]


@router.get("/new-task")
async def show_new_task(login: Writer) -> HTMLResponse:
    return _sheet(login, NEW, task=None, known=[])


@router.get("/tasks/{task}/settings")
async def show_settings(
    task: PathTask, login: Writer, request: Request, caller: CallerDep, saved: bool = False
) -> HTMLResponse:
    """`saved`: somebody has just done so, which the page says."""
    view = await api.get_task(task, request, caller)
    known = [label.model_dump(mode="json") for label in view.labels]
    return _sheet(login, view, task=view, known=known, saved=saved)


@router.get("/tasks/{task}/improve")
async def show_order(
    task: PathTask,
    login: Reader,
    session: DbSession,
    settings: Annotated[Settings, Depends(settings_of)],
    version: UUID | None = None,
) -> HTMLResponse:
    """The sheet on which a run is ordered, from `version` or from what serves."""
    view = await service.order_page(session, settings, task, version)
    return HOUSE.page("improve.html", login, at=None, view=view, limits=RunLimits())


def _sheet(
    login: Login, stands: TaskSpec, *, task: TaskView | None, known: Any, saved: bool = False
) -> HTMLResponse:
    """The form of a task, new or not.

    login: whose page it is.
    stands: fills the fields.
    task: that there is; None: a new one.
    known: the labels there are, in JSON.
    saved: it has just been.
    """
    return HOUSE.page(
        "task_sheet.html",
        login,
        at=None,
        stands=stands,
        task=task,
        known=known,
        lines=[_line(one) for one in stands.labels if not one.retired],
        verdicts=list(PromotionVerdict),
        most=MOST_APPROVERS,
        saved=saved,
    )


def _line(label: LabelSpec) -> str:
    meaning = label.description.replace("\n", " ")
    return f"{label.name}: {meaning}" if meaning else label.name


button(router, "/new-task", api.create_task, writes, status_code=201)
button(router, "/tasks/{task}/settings", api.change_task, writes)
