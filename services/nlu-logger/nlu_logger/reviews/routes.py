"""Reviews by HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from nlu_shared.kit.deps import CallerDep, DbSession, requires
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.base import Moment, Page, Slug
from nlu_shared.schemas.queues import (
    ClaimIn,
    FindingsIn,
    FindingsTaken,
    Queue,
    QueueFilters,
    QueueItem,
    SuspiciousCase,
)
from nlu_shared.schemas.reviews import (
    Agreement,
    ApprovalIn,
    Approved,
    BulkApprovalIn,
    BulkDecided,
    BulkRejectionIn,
    ConfirmationIn,
    Correction,
    CorrectionIn,
    CorrectionStatus,
    Settled,
    SettlementIn,
    TruthConflict,
)

from nlu_logger.reviews import claims, conflicts, decisions, label_issues, queries, queues, service
from nlu_logger.settings import Settings

router = APIRouter(prefix="/v1", tags=["reviews"])
propose, decide = requires("corrections:write"), requires("reviews:decide")
look, claim = requires("reviews:read"), requires("reviews:claim")

Limit = Annotated[int, Query(ge=1, le=1000)]


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.resources.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]


@router.post("/predictions/{prediction_id}/corrections", dependencies=[propose], status_code=201)
async def correct_prediction(
    prediction_id: UUID,
    body: CorrectionIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    response: Response,
) -> Correction:
    row, is_new = await service.correct(
        session, prediction_id, body, caller=caller, settings=settings
    )
    response.status_code = 201 if is_new else 200
    return row.view()


@router.post("/predictions/{prediction_id}/confirm", dependencies=[propose], status_code=201)
async def confirm_prediction(
    prediction_id: UUID,
    body: ConfirmationIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    response: Response,
) -> Correction:
    row, is_new = await service.confirm(
        session, prediction_id, body.correction_notes, caller=caller, settings=settings
    )
    response.status_code = 201 if is_new else 200
    return row.view()


@router.get("/corrections", dependencies=[look])
async def list_corrections(
    session: DbSession,
    caller: CallerDep,
    prediction_id: UUID | None = None,
    status: CorrectionStatus | None = None,
    cursor: UUID | None = None,
    limit: Limit = 100,
) -> Page[Correction]:
    return await service.page(
        session,
        caller=caller,
        prediction_id=prediction_id,
        status=status,
        before=cursor,
        limit=limit,
    )


@router.get("/predictions/{prediction_id}/history", dependencies=[look])
async def history_of_prediction(
    prediction_id: UUID,
    session: DbSession,
    caller: CallerDep,
    cursor: UUID | None = None,
    limit: Limit = 100,
) -> Page[AuditLine]:
    """Who said and decided what, the oldest first."""
    return await queries.history(session, prediction_id, caller=caller, after=cursor, limit=limit)


@router.get("/reviews/agreement", dependencies=[look])
async def reviewers_agreement(
    session: DbSession,
    caller: CallerDep,
    task: Slug | None = None,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
) -> Agreement:
    """Cohen's kappa for each two reviewers who coded the same predictions."""
    return await queries.agreement(session, caller=caller, task=task, since=since, until=until)


@router.get("/reviews/queues/suspicious-label", dependencies=[look])
async def look_at_suspicious_labels(
    filters: Annotated[QueueFilters, Query()],
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Page[SuspiciousCase]:
    """Approved cases that may be wrong, and why; claimed or not."""
    return Page(items=await label_issues.look(session, filters, settings, caller=caller))


@router.post("/reviews/queues/suspicious-label:claim", dependencies=[claim])
async def claim_suspicious_labels(
    body: ClaimIn, session: DbSession, caller: CallerDep, settings: SettingsDep
) -> Page[SuspiciousCase]:
    return Page(items=await label_issues.claim(session, body, settings, caller=caller))


@router.post("/reviews/findings", dependencies=[requires("findings:write")])
async def take_findings(body: FindingsIn, session: DbSession, caller: CallerDep) -> FindingsTaken:
    """Doubts about approved truths; a result per finding, and the same again adds nothing."""
    return await label_issues.take(session, body, caller=caller)


@router.post("/reviews/cases/{case_id}/clear", dependencies=[decide], status_code=204)
async def clear_case(case_id: UUID, session: DbSession, caller: CallerDep) -> None:
    """Looked at again, and its truth stands."""
    await label_issues.clear(session, case_id, caller=caller)


@router.get("/reviews/queues/{queue}", dependencies=[look])
async def look_at_queue(
    queue: Queue,
    filters: Annotated[QueueFilters, Query()],
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Page[QueueItem]:
    """What waits, claimed or not; looking changes nothing."""
    return Page(items=await queues.look(session, queue, filters, settings, caller=caller))


@router.post("/reviews/queues/{queue}:claim", dependencies=[claim])
async def claim_from_queue(
    queue: Queue,
    body: ClaimIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Page[QueueItem]:
    """Up to `limit` items that nobody holds, now the caller's; reviewing one releases it."""
    return Page(items=await queues.claim(session, queue, body, settings, caller=caller))


@router.post("/reviews/claims/{claim_id}/release", dependencies=[claim], status_code=204)
async def release_claim(claim_id: UUID, session: DbSession, caller: CallerDep) -> None:
    await claims.release(session, claim_id, caller=caller)


@router.get("/reviews/conflicts", dependencies=[look])
async def list_conflicts(
    session: DbSession,
    caller: CallerDep,
    task: Slug | None = None,
    cursor: UUID | None = None,
    limit: Limit = 100,
) -> Page[TruthConflict]:
    return await conflicts.page(session, caller=caller, task=task, after=cursor, limit=limit)


@router.post("/reviews/conflicts/{conflict_id}/settle", dependencies=[decide])
async def settle_conflict(
    conflict_id: UUID,
    body: SettlementIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Settled:
    return await conflicts.settle(session, conflict_id, body.truth, settings, caller=caller)


@router.post("/corrections/{correction_id}/approve", dependencies=[decide])
async def approve_correction(
    correction_id: UUID,
    body: ApprovalIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Approved:
    return await decisions.approve(session, correction_id, body, settings, caller=caller)


@router.post("/corrections:approve", dependencies=[decide])
async def approve_corrections(
    body: BulkApprovalIn, session: DbSession, caller: CallerDep, settings: SettingsDep
) -> BulkDecided:
    return await decisions.approve_many(session, body, settings, caller=caller)


@router.post("/corrections:reject", dependencies=[decide])
async def reject_corrections(
    body: BulkRejectionIn, session: DbSession, caller: CallerDep
) -> BulkDecided:
    return await decisions.reject_many(session, body, caller=caller)


@router.post("/corrections/{correction_id}/reject", dependencies=[decide])
async def reject_correction(
    correction_id: UUID, session: DbSession, caller: CallerDep
) -> Correction:
    return (await decisions.reject(session, correction_id, caller=caller)).view()


@router.post("/corrections/{correction_id}/reopen", dependencies=[decide])
async def reopen_correction(
    correction_id: UUID, session: DbSession, caller: CallerDep
) -> Correction:
    return (await decisions.reopen(session, correction_id, caller=caller)).view()
