"""A version that a person edits, and has tried by the gates of a run."""

import asyncio
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from nlu_shared.kit.data.db import Identity, session_scope
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.http.deps import CallerDep
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.schemas.base import Body, Note
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.prompts import BlockText
from nlu_shared.schemas.registry import PromptImport
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunLimits, RunRequest, RunStatus
from pydantic import Field
from starlette.responses import HTMLResponse

from induction.cases import service as cases
from induction.dashboard.house import HOUSE, PromptReader, registers, steers
from induction.dashboard.runs.editing import edited, unquotable
from induction.prompts import bringing
from induction.prompts import queries as registry
from induction.prompts import routes as prompts_api
from induction.prompts import service as prompts
from induction.resources import Resources
from induction.runs import routes as api
from induction.runs import service as runs
from induction.sentences import going_on
from induction.task_kinds.base import Case
from induction.task_kinds.registry import task_of
from induction.tasks import service as tasks
from induction.upstream import UpstreamAway

router = APIRouter()
PATIENCE = timedelta(seconds=3)
"""So long the page waits for the ground truth, which says what may be quoted."""
KEPT = "What you wrote is kept as a version all the same: the lineage has it, and it can be tried."
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]


class Edited(Body):
    """The texts of the version's blocks in their order; a block without text goes. `without` are
    places of examples that go, those to choose from counted after the others."""

    texts: Annotated[list[BlockText], Field(max_length=100)]
    limits: RunLimits = RunLimits()
    notes: Note | None = None
    without: Annotated[list[int], Field(max_length=10_000)] = []


@router.get("/tasks/{task}/versions/{version_id}/edit")
async def show_edit(
    task: PathTask,
    version_id: VersionId,
    login: PromptReader,
    request: Request,
    caller: CallerDep,
) -> HTMLResponse:
    resources: Resources = request.app.state.resources
    identity = resources.identity(caller)
    truths = await _truths(resources, identity, task)
    async with session_scope(resources.database, identity) as session:
        row = await prompts.get(session, task, version_id)
        content = row.prompt()
        busy = await runs.active(session, task)
        view = await registry.view(session, row)
        refused = []
        if truths is not None and content.all_examples:
            serving = await prompts.production_id(session, task)
            begins = await prompts.get(session, task, serving or version_id)
            stays = content if begins.ensemble() else begins.prompt()
            spec = (await tasks.get(session, task)).spec()
            splits = await cases.known_splits(session, task)
            refused = await asyncio.to_thread(
                unquotable, content, stays, truths, splits, task_of(spec)
            )
    return HOUSE.page(
        "edit.html",
        login,
        at=None,
        version=view,
        limits=RunLimits(),
        unquotable=refused,
        active=None if busy is None else busy.id,
        stands=None if busy is None else going_on(RunStatus(busy.status)),
    )


async def _truths(resources: Resources, identity: Identity, task: str) -> list[Case] | None:
    """The ground truth of now; None where nlu-logger does not give it in time."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            read = await cases.read(resources.database, identity, resources.logger, task)
    except (UpstreamAway, TimeoutError):
        return None
    return [cases.case_of(one) for one in read.truth.cases]


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
    Nothing is registered beside a run that goes on; where the run cannot begin for another reason,
    the version stays, and the error says so. Raises ActiveRun.
    """
    resources: Resources = request.app.state.resources
    identity = resources.identity(caller)
    spec = await tasks.fresh(resources.database, identity, resources.logger, task)
    async with session_scope(resources.database, identity) as session:
        if (busy := await runs.active(session, task)) is not None:
            raise runs.ActiveRun(
                f"A run of this task {going_on(RunStatus(busy.status))}: wait for its end, or"
                " cancel it. What you wrote is kept nowhere but here."
            )
        old = (await prompts.get(session, task, version_id)).prompt()
        serving = await prompts.production_id(session, task)
        made, _ = await bringing.bring_in(
            session,
            spec,
            PromptImport(content=edited(old, body.texts, set(body.without)), notes=body.notes),
            model=prompts_api.model_settings(request).task_model,
            by=caller.subject,
            parent_id=version_id,
        )
    run = RunRequest(
        task=task, prompt_version=serving or version_id, candidate=made.id, limits=body.limits
    )
    try:
        return await api.start_run(run, request, caller, Response())
    except ServiceError as error:
        error.detail = f"{error.detail or error.title} {KEPT}"
        raise
