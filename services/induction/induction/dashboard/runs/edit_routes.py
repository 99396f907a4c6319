"""A version that a person edits, and has tried by the gates of a run."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.schemas.base import Body, Note
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.prompts import BlockText
from nlu_shared.schemas.registry import PromptImport
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunLimits, RunRequest
from pydantic import Field
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, PromptReader, registers, steers
from induction.dashboard.runs.editing import edited
from induction.prompts import bringing
from induction.prompts import queries as registry
from induction.prompts import routes as prompts_api
from induction.prompts import service as prompts
from induction.resources import Resources
from induction.runs import routes as api
from induction.tasks import service as tasks

router = APIRouter()
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]


class Edited(Body):
    """The texts of the version's blocks in their order; a block without text goes."""

    texts: Annotated[list[BlockText], Field(max_length=100)]
    limits: RunLimits = RunLimits()
    notes: Note | None = None


@router.get("/tasks/{task}/versions/{version_id}/edit")
async def show_edit(
    task: PathTask, version_id: VersionId, login: PromptReader, session: DbSession
) -> HTMLResponse:
    row = await prompts.get(session, task, version_id)
    row.prompt()
    view = await registry.view(session, row)
    return HOUSE.page("edit.html", login, at=None, version=view, limits=RunLimits())


@router.post(
    "/tasks/{task}/versions/{version_id}/edit",
    dependencies=[steers, registers],
    response_model=None,
)
async def press_edit(
    task: PathTask,
    version_id: VersionId,
    body: Edited,
    request: Request,
    caller: CallerDep,
) -> RunView | Forecast:
    """Registers what was written, as made from the version that was edited, and begins the run
    that tries it against what serves, or where nothing does against the version that was edited.
    """
    resources: Resources = request.app.state.resources
    identity = resources.identity(caller)
    spec = await tasks.fresh(resources.database, identity, resources.logger, task)
    async with session_scope(resources.database, identity) as session:
        old = (await prompts.get(session, task, version_id)).prompt()
        serving = await prompts.production_id(session, task)
        made, _ = await bringing.bring_in(
            session,
            spec,
            PromptImport(content=edited(old, body.texts), notes=body.notes),
            model=prompts_api.own_model(request),
            by=caller.subject,
            parent_id=version_id,
        )
    run = RunRequest(
        task=task, prompt_version=serving or version_id, candidate=made.id, limits=body.limits
    )
    return await api.start_run(run, request, caller, Response())
