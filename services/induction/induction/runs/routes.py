"""Runs by HTTP: start, show, steer. Watching them is in `stream_routes`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from nlu_shared.kit.auth import own_task
from nlu_shared.kit.deps import CallerDep, DbSession, requires
from nlu_shared.schemas.base import Page, Slug
from nlu_shared.schemas.runs import Forecast, HintIn, RunRequest, RunView

from induction.resources import Resources
from induction.runs import queries, service

router = APIRouter(prefix="/v1/runs", tags=["runs"])
read, write = requires("runs:read"), requires("runs:write")


async def _own_run(run_id: UUID, session: DbSession, caller: CallerDep) -> None:
    own_task(caller, (await service.get(session, run_id)).task)


own = Depends(_own_run, scope="function")


@router.post("", dependencies=[write], status_code=202)
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


@router.get("", dependencies=[read])
async def list_runs(
    session: DbSession,
    caller: CallerDep,
    task: Slug | None = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Page[RunView]:
    return await queries.page(session, caller.tasks, task=task, before=cursor, limit=limit)


@router.get("/{run_id}", dependencies=[read, own])
async def get_run(run_id: UUID, session: DbSession) -> RunView:
    return await queries.view(session, await service.get(session, run_id))


@router.post("/{run_id}/pause", dependencies=[write, own])
async def pause_run(run_id: UUID, session: DbSession) -> RunView:
    return await queries.view(session, await service.pause(session, run_id))


@router.post("/{run_id}/resume", dependencies=[write, own])
async def resume_run(run_id: UUID, session: DbSession) -> RunView:
    return await queries.view(session, await service.resume(session, run_id))


@router.post("/{run_id}/cancel", dependencies=[write, own])
async def cancel_run(run_id: UUID, session: DbSession) -> RunView:
    return await queries.view(session, await service.cancel(session, run_id))


@router.post("/{run_id}/hints", dependencies=[write, own], status_code=202)
async def hint_run(run_id: UUID, body: HintIn, session: DbSession) -> RunView:
    return await queries.view(session, await service.hint(session, run_id, body.hint))
