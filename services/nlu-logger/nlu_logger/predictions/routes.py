"""Predictions by HTTP."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import (
    MOST,
    AnyTask,
    Cursor,
    ModelVersion,
    PromptVersion,
    Since,
    Until,
)
from nlu_shared.kit.http.pieces import NDJSON, array_of, lines_of
from nlu_shared.schemas.base import Label, Page, SafeText
from nlu_shared.schemas.predictions import (
    BatchAnswer,
    Ids,
    Known,
    Logged,
    OutcomeIn,
    Prediction,
    PredictionIn,
)
from pydantic import StringConstraints

from nlu_logger.predictions import ingest, service
from nlu_logger.predictions.ingest import IngestResources

router = APIRouter(prefix="/v1", tags=["predictions"])
SearchWords = Annotated[SafeText, StringConstraints(min_length=3, max_length=200)]
read, write = requires("predictions:read"), requires("predictions:write")


async def _resources(request: Request) -> IngestResources:
    resources: IngestResources = request.app.state.resources
    return resources


PredictionId = Annotated[UUID, Path(description="the prediction: its `log_id`")]
IngestDep = Annotated[IngestResources, Depends(_resources)]


@router.post(
    "/predictions",
    dependencies=[write],
    status_code=201,
    responses={
        200: {"model": Logged, "description": "It was there before"},
        409: {"description": "Another body has this id"},
    },
)
async def log_prediction(
    body: PredictionIn, caller: CallerDep, resources: IngestDep, response: Response
) -> Logged:
    """201 once it is committed; the same again is 200; another body under the same id is 409."""
    entry = ingest.admit(body, caller, resources.settings, now=datetime.now(UTC))
    written = await ingest.log(resources.ingest, entry)
    response.status_code = ingest.STATUS[written]
    return Logged(log_id=entry.id)


@router.post(
    "/predictions:batch",
    dependencies=[write],
    status_code=207,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": array_of(PredictionIn.__name__),
                NDJSON: lines_of(PredictionIn.__name__),
            },
        }
    },
)
async def log_predictions(
    request: Request,
    caller: CallerDep,
    resources: IngestDep,
    content_type: Annotated[str, Header(include_in_schema=False)] = "application/json",
) -> BatchAnswer:
    """Up to 1,000, as a JSON array or NDJSON; one result per item."""
    items = service.read_batch(await request.body(), content_type)
    return await service.log_batch(resources.ingest, items, caller, resources.settings)


@router.post("/predictions:known", dependencies=[write])
async def known_predictions(body: Ids, session: DbSession, caller: CallerDep) -> Known:
    """Which of up to 1,000 ids are stored; a client sends the others again."""
    return await service.known(session, body, caller=caller)


@router.get("/predictions", dependencies=[read])
async def list_predictions(
    session: DbSession,
    caller: CallerDep,
    intent: Annotated[Label | None, Query(description="what was answered")] = None,
    task: AnyTask = None,
    since: Since = None,
    until: Until = None,
    min_confidence: Annotated[
        float | None, Query(ge=0, le=1, description="at least this sure")
    ] = None,
    max_confidence: Annotated[
        float | None, Query(ge=0, le=1, description="at most this sure")
    ] = None,
    successful: Annotated[bool | None, Query(description="how the work after ended")] = None,
    corrected: Annotated[bool | None, Query(description="with a correction, or without")] = None,
    user: Annotated[UUID | None, Query(description="of this person alone")] = None,
    model_version: ModelVersion = None,
    prompt_version: PromptVersion = None,
    conversation: Annotated[UUID | None, Query(description="of this conversation alone")] = None,
    text: Annotated[
        SearchWords | None,
        Query(
            description="the prompt holds this, whatever its case; each page looks through"
            " 50,000 predictions, so that it may be short and still have a next one"
        ),
    ] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1000, description=MOST)] = 100,
) -> Page[Prediction]:
    """Stored predictions that the caller may see, the newest first."""
    kept = service.Filters(
        intent=intent,
        task=task,
        since=since,
        until=until,
        min_confidence=min_confidence,
        max_confidence=max_confidence,
        successful=successful,
        corrected=corrected,
        user=user,
        model_version=model_version,
        prompt_version=prompt_version,
        conversation=conversation,
        text=text,
    )
    return await service.page(session, kept, caller=caller, before=cursor, limit=limit)


@router.get("/predictions/{prediction_id}", dependencies=[read])
async def get_prediction(
    prediction_id: PredictionId, session: DbSession, caller: CallerDep
) -> Prediction:
    """A stored prediction with its outcome and its standing correction."""
    return service.view(await service.get(session, prediction_id, caller=caller))


@router.post("/predictions/{prediction_id}/outcome", dependencies=[requires("outcomes:write")])
async def record_outcome(
    prediction_id: PredictionId, body: OutcomeIn, session: DbSession, caller: CallerDep
) -> Prediction:
    """How the work that followed the prediction ended. Replaces what was body before."""
    return await service.record_outcome(session, prediction_id, body, caller=caller)
