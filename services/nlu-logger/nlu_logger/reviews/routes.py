"""Reviews by HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from nlu_shared.kit.deps import CallerDep, DbSession, requires
from nlu_shared.schemas.base import Page, Slug
from nlu_shared.schemas.predictions import Prediction
from nlu_shared.schemas.reviews import (
    ApprovalIn,
    Approved,
    BulkApprovalIn,
    BulkApproved,
    ConfirmationIn,
    Correction,
    CorrectionIn,
)

from nlu_logger.predictions import service as predictions
from nlu_logger.reviews import queues, service

router = APIRouter(prefix="/v1", tags=["reviews"])
propose, decide = requires("corrections:write"), requires("reviews:decide")
look = requires("reviews:read")

Limit = Annotated[int, Query(ge=1, le=1000)]


async def _second_pair_of_eyes(request: Request) -> bool:
    required: bool = request.app.state.resources.settings.second_pair_of_eyes
    return required


SecondPairOfEyes = Annotated[bool, Depends(_second_pair_of_eyes)]


@router.post("/predictions/{prediction_id}/corrections", dependencies=[propose], status_code=201)
async def correct_prediction(
    prediction_id: UUID,
    said: CorrectionIn,
    session: DbSession,
    caller: CallerDep,
    response: Response,
) -> Correction:
    row, is_new = await service.correct(session, prediction_id, said, caller=caller)
    response.status_code = 201 if is_new else 200
    return row.view()


@router.post("/predictions/{prediction_id}/confirm", dependencies=[propose], status_code=201)
async def confirm_prediction(
    prediction_id: UUID,
    said: ConfirmationIn,
    session: DbSession,
    caller: CallerDep,
    response: Response,
) -> Correction:
    row, is_new = await service.confirm(
        session, prediction_id, said.correction_notes, caller=caller
    )
    response.status_code = 201 if is_new else 200
    return row.view()


@router.get("/reviews/queues/low-confidence", dependencies=[look])
async def low_confidence_queue(
    session: DbSession,
    caller: CallerDep,
    threshold: Annotated[float, Query(ge=0, le=1)] = 0.7,
    limit: Limit = 100,
    task: Slug | None = None,
) -> Page[Prediction]:
    rows = await queues.low_confidence(session, caller, threshold=threshold, limit=limit, task=task)
    return Page(items=[predictions.view(row) for row in rows])


@router.get("/reviews/queues/failed-workflow", dependencies=[look])
async def failed_workflow_queue(
    session: DbSession, caller: CallerDep, limit: Limit = 100, task: Slug | None = None
) -> Page[Prediction]:
    rows = await queues.failed_workflow(session, caller, limit=limit, task=task)
    return Page(items=[predictions.view(row) for row in rows])


@router.post("/corrections/{correction_id}/approve", dependencies=[decide])
async def approve_correction(
    correction_id: UUID,
    asked: ApprovalIn,
    session: DbSession,
    caller: CallerDep,
    second_pair_of_eyes: SecondPairOfEyes,
) -> Approved:
    return await service.approve(
        session,
        correction_id,
        caller=caller,
        may_quote=asked.may_quote,
        second_pair_of_eyes=second_pair_of_eyes,
    )


@router.post("/corrections:approve", dependencies=[decide])
async def approve_corrections(
    asked: BulkApprovalIn,
    session: DbSession,
    caller: CallerDep,
    second_pair_of_eyes: SecondPairOfEyes,
) -> BulkApproved:
    return await service.approve_many(
        session, asked, caller=caller, second_pair_of_eyes=second_pair_of_eyes
    )


@router.post("/corrections/{correction_id}/reject", dependencies=[decide])
async def reject_correction(
    correction_id: UUID, session: DbSession, caller: CallerDep
) -> Correction:
    return (await service.reject(session, correction_id, caller=caller)).view()


@router.post("/corrections/{correction_id}/reopen", dependencies=[decide])
async def reopen_correction(
    correction_id: UUID, session: DbSession, caller: CallerDep
) -> Correction:
    return (await service.reopen(session, correction_id, caller=caller)).view()
