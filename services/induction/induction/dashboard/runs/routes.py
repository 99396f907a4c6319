"""The page of a run and what its buttons do, and the list of runs."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from nlu_shared.files.spreadsheets import as_csv
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import AuthenticatorDep, CallerDep, DbSession
from nlu_shared.kit.pages.entrance import button
from nlu_shared.kit.pages.house import file
from nlu_shared.kit.pages.tables import MOST_SAVED, Sort
from nlu_shared.schemas.base import Slug
from nlu_shared.schemas.runs import RunKind, RunStatus
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, RUNS, Reader, RunReader, reads_runs, steers
from induction.dashboard.runs import queries, service
from induction.dashboard.runs.matrix import saved
from induction.dashboard.runs.service import RunFilters
from induction.dashboard.runs.table import COLUMNS
from induction.runs import routes as api
from induction.runs import service as runs
from induction.runs.models import RunRow
from induction.runs.streaming import stream_routes

router = APIRouter()
RunId = Annotated[UUID, Path(description="the run")]


async def _own(run_id: RunId, session: DbSession, caller: CallerDep) -> RunRow:
    row = await runs.get(session, run_id)
    own_task(caller, row.task)
    return row


OwnRun = Annotated[RunRow, Depends(_own)]


async def _filters(
    task: Slug | Literal[""] = "",
    kind: RunKind | Literal[""] = "",
    status: RunStatus | Literal[""] = "",
    sort: Sort | None = None,
) -> RunFilters:
    return RunFilters(task or None, kind or None, status or None, sort)


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
    every = await service.every_run(session, filters, caller=caller)
    return file("runs", as_csv(COLUMNS, every))


@router.get("/runs/{run_id}")
async def show_run(
    login: Reader,
    row: OwnRun,
    session: DbSession,
    authenticator: AuthenticatorDep,
) -> HTMLResponse:
    view = await service.run_page(session, row, authenticator)
    return HOUSE.page("run.html", login, at=None, view=view)


@router.get("/runs/{run_id}/changes/{n}")
async def show_change(
    n: Annotated[int, Path(ge=1, lt=2**31, description="of the change, from 1")],
    login: Reader,
    row: OwnRun,
    session: DbSession,
) -> HTMLResponse:
    """What a change changes of the prompt that was the best before it."""
    view = await service.change_page(session, row, n)
    return HOUSE.page("change.html", login, at=None, view=view)


@router.get("/runs/{run_id}/cases")
async def show_cases(
    login: Reader,
    row: OwnRun,
    session: DbSession,
    skipped: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    sort: Sort | None = None,
) -> HTMLResponse:
    """Case by version: what each change turned."""
    view = await queries.cases_page(session, row, sort=sort, skipped=skipped)
    return HOUSE.page("cases.html", login, at=None, view=view)


@router.get("/runs/{run_id}/cases.csv", dependencies=[reads_runs])
async def save_cases(row: OwnRun, session: DbSession, sort: Sort | None = None) -> Response:
    view = await queries.cases_page(session, row, sort=sort, skipped=0, limit=MOST_SAVED)
    return file("cases", as_csv(saved(view.changes, view.cases), view.turns))


@router.get("/runs/{run_id}/cases/{case_id}")
async def show_case(
    case_id: Annotated[UUID, Path(description="the case")],
    login: Reader,
    row: OwnRun,
    session: DbSession,
) -> HTMLResponse:
    """A case with what each prompt of the run answered to it."""
    view = await queries.case_page(session, row, case_id)
    return HOUSE.page("case.html", login, at=None, view=view)


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
    ("pins", api.pin_block),
    ("changes/{n}/approve", api.approve_change),
    ("changes/{n}/veto", api.veto_change),
    ("continue", api.continue_run),
):
    button(router, f"/runs/{{run_id}}/{path}", does, steers, api.own)
