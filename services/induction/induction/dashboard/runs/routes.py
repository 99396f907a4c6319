"""The page of a run and what its buttons do, and the list of runs."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.pages.house import HEADERS
from nlu_shared.schemas.base import Slug
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.runs import RunKind, RunRequest, RunStatus, RunView
from nlu_shared.schemas.steering import HintIn, VetoIn
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, RUNS, Reader, RunReader, reads_runs, steers
from induction.dashboard.runs import service
from induction.dashboard.runs.service import RunFilters
from induction.dashboard.runs.table import as_csv
from induction.resources import Resources
from induction.runs import approvals, queries, stream_routes
from induction.runs import service as runs
from induction.runs.routes import own

router = APIRouter()
RunId = Annotated[UUID, Path(description="the run")]
Change = Annotated[int, Path(ge=1, le=2**31 - 1, description="the change, by its `n`")]


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


async def _filters(
    task: Slug | Literal[""] = "",
    kind: RunKind | Literal[""] = "",
    status: RunStatus | Literal[""] = "",
) -> RunFilters:
    return RunFilters(task or None, kind or None, status or None)


Filters = Annotated[RunFilters, Depends(_filters)]


@router.get("/runs")
async def show_runs(
    login: RunReader,
    session: DbSession,
    caller: CallerDep,
    filters: Filters,
    cursor: UUID | None = None,
) -> HTMLResponse:
    view = await service.runs_page(session, filters, caller=caller, before=cursor)
    return HOUSE.page(
        "runs.html", login, at=RUNS, view=view, kinds=list(RunKind), statuses=list(RunStatus)
    )


@router.get("/runs.csv", dependencies=[reads_runs])
async def download_runs(session: DbSession, caller: CallerDep, filters: Filters) -> Response:
    """The same runs, on one page."""
    table = as_csv(await service.every_run(session, filters, caller=caller))
    headers = HEADERS | {"Content-Disposition": 'attachment; filename="runs.csv"'}
    return Response(table, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/runs/{run_id}")
async def show_run(
    run_id: RunId, login: Reader, session: DbSession, caller: CallerDep
) -> HTMLResponse:
    row = await runs.get(session, run_id)
    own_task(caller, row.task)
    return HOUSE.page("run.html", login, at=None, view=await service.run_page(session, row))


@router.get("/runs/{run_id}/events", dependencies=[reads_runs])
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
