"""The page of a run and what its buttons do, and the list of runs."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.pages.entrance import button
from nlu_shared.kit.pages.house import HEADERS
from nlu_shared.schemas.base import Slug
from nlu_shared.schemas.runs import RunKind, RunStatus
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, RUNS, Reader, RunReader, reads_runs, steers
from induction.dashboard.runs import queries, service
from induction.dashboard.runs.service import RunFilters
from induction.dashboard.runs.table import as_csv
from induction.runs import routes as api
from induction.runs import service as runs
from induction.runs.streaming import stream_routes

router = APIRouter()
RunId = Annotated[UUID, Path(description="the run")]


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


@router.get("/runs/{run_id}/cases")
async def show_cases(
    run_id: RunId,
    login: Reader,
    session: DbSession,
    caller: CallerDep,
    skipped: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> HTMLResponse:
    """Case by version: what each change turned."""
    row = await runs.get(session, run_id)
    own_task(caller, row.task)
    view = await queries.cases_page(session, row, skipped=skipped)
    return HOUSE.page("cases.html", login, at=None, view=view)


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


button(router, "/runs", api.start_run, steers, response_model=None)
for path, does in (
    ("pause", api.pause_run),
    ("resume", api.resume_run),
    ("cancel", api.cancel_run),
    ("hints", api.hint_run),
    ("changes/{n}/approve", api.approve_change),
    ("changes/{n}/veto", api.veto_change),
):
    button(router, f"/runs/{{run_id}}/{path}", does, steers, api.own)
