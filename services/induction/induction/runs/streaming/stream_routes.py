"""Watching runs by HTTP, beside `routes` (orders and rows): server-sent
events, and tickets to open them with."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from anyio import Event
from fastapi import APIRouter, Header, Path, Query, Request, Response, Security
from fastapi.security import SecurityScopes
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.errors import Invalid, Unauthenticated
from nlu_shared.kit.http.deps import (
    Bearer,
    CallerDep,
    DbSession,
    authenticate,
    prove_by,
    requires,
)
from nlu_shared.kit.http.pieces import EVENT_STREAM, messages_of
from nlu_shared.schemas.stream_examples import OF_ONE, OF_SEVERAL
from nlu_shared.schemas.tickets import StreamTicket
from pydantic import StringConstraints
from sse_starlette import EventSourceResponse, ServerSentEvent

from induction import tickets
from induction.resources import Resources
from induction.runs.streaming import stream

router = APIRouter(prefix="/v1", tags=["runs"])
MOST_RUNS = 50
GRACE_SECONDS = 2.0
"""For the farewell of a stream when the process is told to stop."""
COME_BACK_MS = 1_000
FAREWELL = "the server stops; come back"
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What the run has said and says, until it is over",
        "content": {EVENT_STREAM: messages_of("RunMessage", example=OF_ONE)},
    },
    204: {"description": "The run is over and all of it was read"},
}
STREAMS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What the runs have said and say, until all are over",
        "content": {EVENT_STREAM: messages_of("RunsMessage", example=OF_SEVERAL)},
    },
    204: {"description": "The runs are over and all of them was read"},
    404: {"description": "There is no such run among them"},
}
Written = Callable[[stream.StreamItem, Mapping[UUID, int]], ServerSentEvent]
Positions = Annotated[str, StringConstraints(pattern=r"^\d{1,18}(\.\d{1,18})*$", max_length=1_000)]
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
    # Not parameters: a bad one must not come before the key.
    runs = [request.path_params.get("run_id"), *request.query_params.getlist("run")]
    named = [run for run in runs if run is not None][: MOST_RUNS + 1]
    await prove_by(scopes, request, partial(tickets.redeem, resources.tickets, ticket, named))


watch: Any = Security(_by_key_or_ticket, scopes=["runs:read"])


async def _own(
    request: Request, caller: Caller, run_ids: Sequence[UUID]
) -> dict[UUID, stream.RunPosition]:
    resources: Resources = request.app.state.resources
    standings = await stream.standings(resources.reader, run_ids)
    for standing in standings.values():
        own_task(caller, standing.task)
    return standings


@router.post("/stream-tickets", dependencies=[requires("runs:read")], status_code=201)
async def issue_ticket(session: DbSession, caller: CallerDep, response: Response) -> StreamTicket:
    """Opens the stream of one run, or of several, within a minute, and serves its reconnects while
    it lasts: for a browser, which cannot send a key on it.

    The first stream binds it to its runs: for a day at most, until an hour after they are over,
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
    last_event_id: Annotated[
        int, Header(ge=0, description="id of the last event that was read; 0: from the first")
    ] = 0,
    after: Annotated[
        int, Query(ge=0, description="as Last-Event-ID, which a new EventSource cannot send")
    ] = 0,
) -> Response:
    """Server-sent events after `Last-Event-ID`; 204 once the run is over and all was read.

    Of each message `data` is the event as JSON (`RunEvent`), `event` its type, and `id` its number,
    which a reader sends back; what is not stored has none.
    """
    return await stream_of_one(request, caller, run_id, after=last_event_id or after)


async def stream_of_one(request: Request, caller: Caller, run_id: UUID, *, after: int) -> Response:
    """The answer of `follow_run`, whatever door it is asked by. Raises NotFound and Forbidden."""
    standings = await _own(request, caller, [run_id])
    return _streamed(request, caller, standings, {run_id: after}, _of_one)


@router.get(
    "/events",
    dependencies=[watch],
    response_class=EventSourceResponse,
    responses=STREAMS,
)
async def follow_runs(
    run: Annotated[
        list[UUID],
        Query(min_length=1, max_length=MOST_RUNS, description="a run to follow; may be repeated"),
    ],
    request: Request,
    caller: CallerDep,
    last_event_id: Annotated[
        Positions | None,
        Header(description="id of the last event that was read; none: from the first"),
    ] = None,
    after: Annotated[
        Positions | None,
        Query(description="as Last-Event-ID, which a new EventSource cannot send"),
    ] = None,
) -> Response:
    """Several runs on one connection, of which a browser has few; 204 once all are over and read.

    Of each message `data` is the event as JSON, as of one run (`RunEvent`), with its `run_id`
    beside (`OfRun`), `event` its type, and `id` the number read of each run, in the order of the
    runs asked for; what is not stored has none."""
    runs = list(dict.fromkeys(run))
    standings = await _own(request, caller, runs)
    numbers = [int(number) for number in (last_event_id or after or "").split(".") if number]
    if numbers and len(numbers) != len(runs):
        raise Invalid("The id is of a stream of other runs.", code="unknown_event")
    reading = dict(zip(runs, numbers or [0] * len(runs), strict=True))
    return _streamed(request, caller, standings, reading, _of_several)


def _streamed(
    request: Request,
    caller: Caller,
    standings: Mapping[UUID, stream.RunPosition],
    reading: Mapping[UUID, int],
    written: Written,
) -> Response:
    """The events after the numbers in `reading`, as they are to be written."""
    numbers = dict(reading)
    over = [standings[run_id].nothing_left(after=number) for run_id, number in reading.items()]
    if all(over):
        return Response(status_code=204)
    resources: Resources = request.app.state.resources
    stopping = Event()

    async def sent() -> AsyncIterator[ServerSentEvent]:
        events = resources.authenticator.while_standing(
            caller,
            stream.follow(resources.reader, resources.wakeups, resources.redis, reading),
            until=stopping.wait(),
        )
        with suppress(Unauthenticated):  # a browser asks again, and is told then
            async for item in events:
                if item.n is not None:
                    numbers[item.run_id] = item.n
                yield written(item, numbers)
        if stopping.is_set():
            yield ServerSentEvent(comment=FAREWELL, retry=COME_BACK_MS)

    return EventSourceResponse(
        sent(),
        ping=15,
        send_timeout=resources.settings.slow_reader_seconds,
        headers={"X-Accel-Buffering": "no"},
        shutdown_event=stopping,
        shutdown_grace_period=GRACE_SECONDS,
    )


def _of_one(item: stream.StreamItem, numbers: Mapping[UUID, int]) -> ServerSentEvent:
    return ServerSentEvent(
        item.body,
        event=item.event.type,
        id=None if item.n is None else str(item.n),
    )


def _of_several(item: stream.StreamItem, numbers: Mapping[UUID, int]) -> ServerSentEvent:
    return ServerSentEvent(
        json.dumps({"run_id": str(item.run_id), **json.loads(item.body)}),
        event=item.event.type,
        id=None if item.n is None else ".".join(map(str, numbers.values())),
    )
