"""Runs by HTTP: start, show, steer. Watching them is in `stream_routes`."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import MOST, AnyTask, Cursor
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.continuations import ContinueIn
from nlu_shared.schemas.forecasts import Forecast
from nlu_shared.schemas.run_views import RunView
from nlu_shared.schemas.runs import RunKind, RunRequest, RunStatus
from nlu_shared.schemas.steering import HintIn, PinIn, VetoIn
from nlu_shared.schemas.verifications import Verification

from induction.resources import Resources
from induction.runs import cancelling, continuing, queries, service
from induction.runs.driving import approvals
from induction.runs.verifying import verification

router = APIRouter(prefix="/v1/runs", tags=["runs"])
UNCHANGED = ContinueIn()
RunId = Annotated[UUID, Path(description="the run")]
Change = Annotated[int, Path(ge=1, le=2**31 - 1, description="the change, by its `n`")]
read, write = requires("runs:read"), requires("runs:write")
STARTED: dict[int | str, dict[str, Any]] = {
    200: {"model": Forecast, "description": "With `dry_run`: nothing was started"},
    202: {"model": RunView, "description": "It waits for a worker"},
    404: {"description": "There is no such task or prompt version"},
    409: {
        "description": "An improve run of this task is active, the task is archived, or a version"
        " that has to be a prompt is an ensemble"
    },
}
CONTINUED: dict[int | str, dict[str, Any]] = {
    202: {"description": "The new run waits for a worker"},
    409: {
        "description": "The run has completed or is not over, or an improve run of its task is"
        " active, or the task is archived"
    },
}
VERIFIED: dict[int | str, dict[str, Any]] = {
    202: {"description": "A worker takes it"},
    409: {"description": "The run is not over"},
}
AWAITED: dict[int | str, dict[str, Any]] = {
    409: {"description": "The run does not wait for approval of this change, or is over"}
}
OVER: dict[int | str, dict[str, Any]] = {409: {"description": "The run is over"}}


async def _own_run(run_id: RunId, session: DbSession, caller: CallerDep) -> None:
    own_task(caller, (await service.get(session, run_id)).task)


own = Depends(_own_run, scope="function")


@router.post("", dependencies=[write], status_code=202, response_model=None, responses=STARTED)
async def start_run(
    body: RunRequest, request: Request, caller: CallerDep, response: Response
) -> RunView | Forecast:
    """Starts a run (202, Location), or with `dry_run` says what it could cost (200)."""
    own_task(caller, body.task)
    resources: Resources = request.app.state.resources
    arguments = (
        resources.database,
        resources.identity(caller),
        resources.logger,
        resources.settings,
        body,
    )
    if body.dry_run:
        response.status_code = 200
        return await service.forecast(*arguments)
    started = await service.start(*arguments)
    response.headers["Location"] = f"{router.prefix}/{started.id}"
    return started


@router.get("", dependencies=[read], responses={404: {"description": "There is no such task"}})
async def list_runs(
    session: DbSession,
    caller: CallerDep,
    task: AnyTask = None,
    kind: Annotated[RunKind | None, Query(description="of this kind alone")] = None,
    status: Annotated[RunStatus | None, Query(description="that stand so alone")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=100, description=MOST)] = 20,
) -> Page[RunView]:
    """Runs of the tasks the caller may touch, the newest first."""
    return await queries.page(
        session,
        caller.tasks,
        task=task,
        kind=kind,
        status=status,
        before=cursor,
        limit=limit,
    )


@router.get("/{run_id}", dependencies=[read, own])
async def get_run(run_id: RunId, session: DbSession) -> RunView:
    """How a run stands, what it tried and what came of it."""
    return await queries.view(session, await service.get(session, run_id))


@router.post("/{run_id}/pause", dependencies=[write, own], responses=OVER)
async def pause_run(run_id: RunId, session: DbSession) -> RunView:
    """Stops asking models at the next step, until it is resumed."""
    return await queries.view(session, await service.pause(session, run_id))


@router.post("/{run_id}/resume", dependencies=[write, own], responses=OVER)
async def resume_run(run_id: RunId, session: DbSession) -> RunView:
    """Goes on with a run that is paused or parked."""
    return await queries.view(session, await service.resume(session, run_id))


@router.post("/{run_id}/cancel", dependencies=[write, own], responses=OVER)
async def cancel_run(run_id: RunId, session: DbSession) -> RunView:
    """Ends the run at its next step, keeping its best prompt; the test split stays untouched."""
    return await queries.view(session, await cancelling.cancel(session, run_id))


@router.post("/{run_id}/hints", dependencies=[write, own], status_code=202, responses=OVER)
async def hint_run(run_id: RunId, body: HintIn, session: DbSession) -> RunView:
    """A person's hint, which reaches the next proposal."""
    return await queries.view(session, await service.hint(session, run_id, body.hint))


@router.post("/{run_id}/pins", dependencies=[write, own], status_code=202, responses=OVER)
async def pin_block(run_id: RunId, body: PinIn, session: DbSession) -> RunView:
    """Pins a block while the run goes on: no change that is proposed from now on edits it."""
    return await queries.view(session, await service.pin(session, run_id, body.block))


@router.post("/{run_id}/changes/{n}/approve", dependencies=[write, own], responses=AWAITED)
async def approve_change(
    run_id: RunId, n: Change, session: DbSession, caller: CallerDep
) -> RunView:
    """Keeps a change that waits for a person, and goes on."""
    return await queries.view(
        session, await approvals.approve(session, run_id, n, by=caller.subject)
    )


@router.post("/{run_id}/changes/{n}/veto", dependencies=[write, own], responses=AWAITED)
async def veto_change(
    run_id: RunId, n: Change, body: VetoIn, session: DbSession, caller: CallerDep
) -> RunView:
    """Keeps it not, and goes on; the next proposals are told why, and later runs remember it."""
    return await queries.view(
        session, await approvals.veto(session, run_id, n, by=caller.subject, reason=body.reason)
    )


@router.post("/{run_id}/continue", dependencies=[write, own], status_code=202, responses=CONTINUED)
async def continue_run(
    run_id: RunId,
    request: Request,
    caller: CallerDep,
    response: Response,
    body: ContinueIn = UNCHANGED,
) -> RunView:
    """Goes on as a new run (202, Location) from the best prompt of one that was superseded, failed
    or was cancelled, with its limits and options where `body` names no others."""
    resources: Resources = request.app.state.resources
    started = await continuing.continue_run(
        resources.database,
        resources.identity(caller),
        resources.logger,
        resources.settings,
        run_id,
        body,
    )
    response.headers["Location"] = f"{router.prefix}/{started.id}"
    return started


@router.post("/{run_id}/verify", dependencies=[write, own], status_code=202, responses=VERIFIED)
async def verify_run(run_id: RunId, session: DbSession, response: Response) -> Verification:
    """Has a worker execute a finished run again from its ledger, without a call to a model, and
    compare each event with what is stored (202; Location is where the outcome will stand)."""
    response.headers["Location"] = f"{router.prefix}/{run_id}/verification"
    return await verification.request(session, await service.get(session, run_id))


@router.get("/{run_id}/verification", dependencies=[read, own])
async def get_verification(run_id: RunId, session: DbSession) -> Verification:
    """What executing the run again has shown, the last time somebody asked for it."""
    return await verification.get(session, run_id)
