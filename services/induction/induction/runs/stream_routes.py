"""Watching runs by HTTP, beside `routes` (orders and rows): server-sent
events, and tickets to open them with."""

from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, Security
from fastapi.security import SecurityScopes
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.errors import Unauthenticated
from nlu_shared.kit.http.deps import (
    Bearer,
    CallerDep,
    DbSession,
    authenticate,
    prove_by,
    requires,
)
from nlu_shared.schemas.runs import StreamTicket
from sse_starlette import EventSourceResponse, ServerSentEvent

from induction import tickets
from induction.resources import Resources
from induction.runs import stream

router = APIRouter(prefix="/v1", tags=["runs"])
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
    204: {"description": "The run is over and all of it was read"},
}
RunId = Annotated[UUID, Path(description="the run")]


async def _by_key_or_ticket(
    scopes: SecurityScopes,
    request: Request,
    bearer: Bearer,
    ticket: Annotated[
        str | None, Query(description="in place of a key, from POST /v1/stream-tickets")
    ] = None,
) -> None:
    if bearer is not None or ticket is None:
        await authenticate(scopes, request, bearer)
        return
    resources: Resources = request.app.state.resources
    run_id = request.path_params["run_id"]  # not asked for: a bad one must not come before the key
    await prove_by(scopes, request, partial(tickets.redeem, resources.tickets, ticket, run_id))


watch: Any = Security(_by_key_or_ticket, scopes=["runs:read"])


async def _own_standing(run_id: RunId, request: Request, caller: CallerDep) -> stream.Standing:
    resources: Resources = request.app.state.resources
    standing = await stream.standing(resources.reader, run_id)
    own_task(caller, standing.task)
    return standing


OwnStanding = Annotated[stream.Standing, Depends(_own_standing)]


@router.post("/stream-tickets", dependencies=[requires("runs:read")], status_code=201)
async def issue_ticket(session: DbSession, caller: CallerDep, response: Response) -> StreamTicket:
    """Opens the stream of one run within a minute, and serves its reconnects while it lasts: for a
    browser, which cannot send a key on it.

    The first stream binds it to that run: for a day at most, until an hour after the run is over,
    and no longer than its key.
    """
    response.headers["Cache-Control"] = "no-store"
    return await tickets.issue(session, caller)


@router.get(
    "/runs/{run_id}/events",
    dependencies=[watch],
    response_class=EventSourceResponse,
    responses=STREAM,
)
async def follow_run(
    run_id: RunId,
    request: Request,
    caller: CallerDep,
    standing: OwnStanding,
    last_event_id: Annotated[
        int, Header(ge=0, description="id of the last event that was read; 0: from the first")
    ] = 0,
    after: Annotated[
        int, Query(ge=0, description="as Last-Event-ID, which a new EventSource cannot send")
    ] = 0,
) -> Response:
    """Server-sent events after `Last-Event-ID`; 204 once the run is over and all was read."""
    resources: Resources = request.app.state.resources
    seen = last_event_id or after
    if standing.nothing_left(after=seen):
        return Response(status_code=204)

    async def sent() -> AsyncIterator[ServerSentEvent]:
        events = stream.follow(resources.reader, resources.wakeups, run_id, after=seen)
        with suppress(Unauthenticated):  # a browser asks again, and is told then
            async for item in resources.authenticator.while_standing(caller, events):
                yield ServerSentEvent(
                    item.event.model_dump_json(),
                    event=item.event.type,
                    id=str(item.n) if item.n is not None else None,
                )

    return EventSourceResponse(
        sent(), ping=15, send_timeout=30, headers={"X-Accel-Buffering": "no"}
    )
