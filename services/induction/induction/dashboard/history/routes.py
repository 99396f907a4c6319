"""The pages of a task's lineage and of its failed ideas."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from nlu_shared.kit.http.deps import DbSession, settings_of
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import button
from starlette.responses import HTMLResponse

from induction.dashboard.history import service
from induction.dashboard.house import HOUSE, PromptReader, registers
from induction.history import routes as api
from induction.settings import Settings

router = APIRouter(prefix="/tasks/{task}")


@router.get("/lineage")
async def show_lineage(
    task: PathTask, login: PromptReader, session: DbSession, cursor: UUID | None = None
) -> HTMLResponse:
    view = await service.lineage_page(session, task, before=cursor)
    return HOUSE.page("lineage.html", login, at=None, view=view)


@router.get("/ideas")
async def show_ideas(
    task: PathTask,
    login: PromptReader,
    session: DbSession,
    settings: Annotated[Settings, Depends(settings_of)],
    cursor: UUID | None = None,
) -> HTMLResponse:
    view = await service.ideas_page(session, settings, task, before=cursor)
    return HOUSE.page("ideas.html", login, at=None, view=view)


button(router, "/ideas/{version_id}/clear", api.clear_failed_idea, registers, status_code=204)
