"""The pages of tasks, and of all that belongs to one. Every page needs a login, every change its
proof too."""

from fastapi import Request
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import PREFIX
from starlette.responses import HTMLResponse

from induction.dashboard import service
from induction.dashboard.channels.routes import router as channels
from induction.dashboard.experiments.routes import router as experiments
from induction.dashboard.history.routes import router as history
from induction.dashboard.house import HOUSE, Reader, entrance
from induction.dashboard.keys.routes import router as keys
from induction.dashboard.operations.routes import router as operations
from induction.dashboard.runs.edit_routes import router as edits
from induction.dashboard.runs.routes import router as runs
from induction.dashboard.tasks.routes import router as task_sheets
from induction.dashboard.travel.routes import router as travel
from induction.dashboard.triggers.routes import router as triggers
from induction.dashboard.versions.routes import router as versions
from induction.resources import Resources

router = entrance.router
for room in (
    task_sheets,
    runs,
    edits,
    versions,
    travel,
    experiments,
    history,
    triggers,
    operations,
    keys,
    channels,
):
    router.include_router(room)


@router.get("")
async def show_overview(
    login: Reader, request: Request, session: DbSession, caller: CallerDep
) -> HTMLResponse:
    resources: Resources = request.app.state.resources
    live = await service.live_scores(resources.logger)
    view = await service.overview(session, resources.settings, live, caller=caller)
    return HOUSE.page("overview.html", login, at=PREFIX, view=view, logger_url=_neighbour(request))


@router.get("/tasks/{task}")
async def show_task(
    task: PathTask, login: Reader, request: Request, session: DbSession, caller: CallerDep
) -> HTMLResponse:
    view = await service.task_page(session, task)
    return HOUSE.page("task.html", login, at=None, view=view, logger_url=_neighbour(request))


def _neighbour(request: Request) -> str:
    """Where people open nlu-logger's pages."""
    resources: Resources = request.app.state.resources
    settings = resources.settings
    return (settings.nlu_logger_pages or settings.nlu_logger_url).rstrip("/")
