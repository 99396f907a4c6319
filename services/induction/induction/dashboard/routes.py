"""The pages, and what their buttons do. Every page needs a login, every change its proof too."""

from pathlib import Path as Folder
from typing import Annotated
from uuid import UUID

from fastapi import Header, Path, Query, Request, Response
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import PREFIX, Entrance
from nlu_shared.kit.pages.house import House, Link
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.promotions import (
    PromotionApprovalIn,
    PromotionIn,
    PromotionProposal,
    PromotionRejectionIn,
    ProposalStatus,
    RollbackIn,
)
from nlu_shared.schemas.prompts import PromptVersion
from nlu_shared.schemas.runs import RunLimits, RunRequest, RunView
from nlu_shared.schemas.steering import HintIn, VetoIn
from starlette.responses import HTMLResponse

from induction.dashboard import service, words
from induction.prompts import proposals
from induction.prompts import queries as registry
from induction.prompts import service as prompts
from induction.resources import Resources
from induction.runs import approvals, queries, stream_routes
from induction.runs import service as runs
from induction.runs.routes import own
from induction.tasks import service as tasks

HOUSE = House(
    "induction",
    Folder(__file__).parent,
    (Link(PREFIX, "Tasks", "runs:read"),),
    filters={"word_lines": words.lines_of, "short": words.short},
)
entrance = Entrance(HOUSE)
router = entrance.router
Reader = Annotated[Login, entrance.needs("runs:read", "prompts:read", "tasks:read")]
steers = entrance.needs("runs:write")
registers, decides = entrance.needs("prompts:write"), entrance.needs("prompts:approve")
RunId = Annotated[UUID, Path(description="the run")]
Change = Annotated[int, Path(ge=1, le=2**31 - 1, description="the change, by its `n`")]
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]
ProposalId = Annotated[UUID, Path(description="a proposal of this task")]


@router.get("")
async def show_overview(
    login: Reader, request: Request, session: DbSession, caller: CallerDep
) -> HTMLResponse:
    resources: Resources = request.app.state.resources
    view = await service.overview(session, resources.settings, caller=caller)
    return HOUSE.page(
        "overview.html", login, at=PREFIX, view=view, logger_url=resources.settings.nlu_logger_url
    )


@router.get("/tasks/{task}")
async def show_task(
    task: PathTask, login: Reader, session: DbSession, caller: CallerDep
) -> HTMLResponse:
    own_task(caller, task)
    return HOUSE.page("task.html", login, at=None, view=await service.task_page(session, task))


@router.get("/tasks/{task}/improve")
async def show_order(
    task: PathTask, login: Reader, session: DbSession, caller: CallerDep
) -> HTMLResponse:
    """The sheet on which a run is ordered."""
    own_task(caller, task)
    row = await tasks.get(session, task)
    return HOUSE.page("improve.html", login, at=None, task=row, limits=RunLimits())


@router.post("/runs", dependencies=[steers], response_model=None)
async def order_run(body: RunRequest, request: Request, caller: CallerDep) -> RunView | Forecast:
    """Starts a run, or with `dry_run` says what it could cost."""
    own_task(caller, body.task)
    resources: Resources = request.app.state.resources
    order = runs.forecast if body.dry_run else runs.start
    return await order(
        resources.database,
        resources.identity(caller),
        resources.logger,
        resources.settings,
        body,
    )


@router.get("/runs/{run_id}")
async def show_run(
    run_id: RunId, login: Reader, session: DbSession, caller: CallerDep
) -> HTMLResponse:
    row = await runs.get(session, run_id)
    own_task(caller, row.task)
    return HOUSE.page("run.html", login, at=None, view=await service.run_page(session, row))


@router.get("/runs/{run_id}/events", dependencies=[entrance.needs("runs:read")])
async def watch_run(
    run_id: RunId,
    request: Request,
    caller: CallerDep,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The stream of the API, opened by the cookie of a login."""
    return await stream_routes.stream_of_one(request, caller, run_id, after=last_event_id or after)


@router.post("/runs/{run_id}/pause", dependencies=[steers, own])
async def press_pause(run_id: RunId, session: DbSession) -> RunView:
    return await queries.view(session, await runs.pause(session, run_id))


@router.post("/runs/{run_id}/resume", dependencies=[steers, own])
async def press_resume(run_id: RunId, session: DbSession) -> RunView:
    return await queries.view(session, await runs.resume(session, run_id))


@router.post("/runs/{run_id}/cancel", dependencies=[steers, own])
async def press_cancel(run_id: RunId, session: DbSession) -> RunView:
    return await queries.view(session, await runs.cancel(session, run_id))


@router.post("/runs/{run_id}/hints", dependencies=[steers, own])
async def send_hint(run_id: RunId, body: HintIn, session: DbSession) -> RunView:
    return await queries.view(session, await runs.hint(session, run_id, body.hint))


@router.post("/runs/{run_id}/changes/{n}/approve", dependencies=[steers, own])
async def press_approve(run_id: RunId, n: Change, session: DbSession, caller: CallerDep) -> RunView:
    return await queries.view(
        session, await approvals.approve(session, run_id, n, by=caller.subject)
    )


@router.post("/runs/{run_id}/changes/{n}/veto", dependencies=[steers, own])
async def send_veto(
    run_id: RunId, n: Change, body: VetoIn, session: DbSession, caller: CallerDep
) -> RunView:
    return await queries.view(
        session, await approvals.veto(session, run_id, n, by=caller.subject, reason=body.reason)
    )


@router.get("/tasks/{task}/versions/{version_id}")
async def show_version(
    task: PathTask,
    version_id: VersionId,
    login: Reader,
    session: DbSession,
    caller: CallerDep,
    against: UUID | None = None,
) -> HTMLResponse:
    own_task(caller, task)
    view = await service.version_page(session, task, version_id, against=against)
    return HOUSE.page("version.html", login, at=None, view=view)


@router.post(
    "/tasks/{task}/versions/{version_id}/promote", dependencies=[registers], response_model=None
)
async def press_promote(
    task: PathTask, version_id: VersionId, body: PromotionIn, session: DbSession, caller: CallerDep
) -> PromptVersion | PromotionProposal:
    own_task(caller, task)
    proposal = await proposals.promote(session, task, version_id, body, by=caller.subject)
    if proposal is not None and proposal.status == ProposalStatus.WAITING:
        return await registry.proposal_view(session, proposal)
    return await registry.view(session, await prompts.get(session, task, version_id))


@router.post("/tasks/{task}/proposals/{proposal_id}/approve", dependencies=[decides])
async def press_approve_proposal(
    task: PathTask,
    proposal_id: ProposalId,
    body: PromotionApprovalIn,
    session: DbSession,
    caller: CallerDep,
) -> PromotionProposal:
    own_task(caller, task)
    row = await proposals.approve(session, task, proposal_id, body, by=caller.subject)
    return await registry.proposal_view(session, row)


@router.post("/tasks/{task}/proposals/{proposal_id}/reject", dependencies=[decides])
async def send_rejection(
    task: PathTask,
    proposal_id: ProposalId,
    body: PromotionRejectionIn,
    session: DbSession,
    caller: CallerDep,
) -> PromotionProposal:
    own_task(caller, task)
    row = await proposals.reject(session, task, proposal_id, body, by=caller.subject)
    return await registry.proposal_view(session, row)


@router.post("/tasks/{task}/rollback", dependencies=[registers])
async def press_roll_back(
    task: PathTask, body: RollbackIn, session: DbSession, caller: CallerDep
) -> PromptVersion:
    own_task(caller, task)
    proposal = await proposals.roll_back(session, task, body, by=caller.subject)
    return await registry.view(session, await prompts.get(session, task, proposal.version_id))
