"""Reviews by HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires, settings_of
from nlu_shared.kit.http.parameters import MOST, AnyTask, Cursor, Since, Until
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.base import Page
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

Limit = Annotated[int, Query(ge=1, le=1000, description=MOST)]
PredictionId = Annotated[UUID, Path(description="the prediction: its `log_id`")]
CaseId = Annotated[UUID, Path(description="the ground-truth case")]
ClaimId = Annotated[UUID, Path(description="the claim")]
ConflictId = Annotated[UUID, Path(description="the conflict")]
QueueName = Annotated[Queue, Path(description="which queue")]
CorrectionId = Annotated[UUID, Path(description="the correction")]
HELD: dict[int | str, dict[str, Any]] = {409: {"description": "A colleague holds it"}}
SAID_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {"model": Correction, "description": "It was there before"},
    **HELD,
}


SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.post(
    "/predictions/{prediction_id}/corrections",
    dependencies=[propose],
    status_code=201,
    responses=SAID_BEFORE,
)
async def correct_prediction(
    prediction_id: PredictionId,
    body: CorrectionIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    response: Response,
) -> Correction:
    """Proposes the right answer; the same from the same person again is one correction."""
    made = await service.correct(session, prediction_id, body, caller=caller, settings=settings)
    response.status_code = 201 if made.is_new else 200
    return made.view()


@router.post(
    "/predictions/{prediction_id}/confirm",
    dependencies=[propose],
    status_code=201,
    responses=SAID_BEFORE,
)
async def confirm_prediction(
    prediction_id: PredictionId,
    body: ConfirmationIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    response: Response,
) -> Correction:
    """Says that the prediction was right: ground truth once approved."""
    made = await service.confirm(session, prediction_id, body, caller=caller, settings=settings)
    response.status_code = 201 if made.is_new else 200
    return made.view()


@router.get("/corrections", dependencies=[look])
async def list_corrections(
    session: DbSession,
    caller: CallerDep,
    prediction_id: Annotated[UUID | None, Query(description="about this prediction")] = None,
    status: Annotated[CorrectionStatus | None, Query(description="of this status alone")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Correction]:
    """Corrections and confirmations that the caller may see, the newest first."""
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
    prediction_id: PredictionId,
    session: DbSession,
    caller: CallerDep,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[AuditLine]:
    """Who said and decided what, the oldest first."""
    return await queries.history(session, prediction_id, caller=caller, after=cursor, limit=limit)


@router.get("/reviews/agreement", dependencies=[look])
async def reviewers_agreement(
    session: DbSession,
    caller: CallerDep,
    task: AnyTask = None,
    since: Since = None,
    until: Until = None,
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
    """Up to `limit` cases that nobody holds, now the caller's."""
    return Page(items=await label_issues.claim(session, body, settings, caller=caller))


@router.post("/reviews/findings", dependencies=[requires("findings:write")])
async def take_findings(body: FindingsIn, session: DbSession, caller: CallerDep) -> FindingsTaken:
    """Doubts about approved truths; a result per finding, and the same again adds nothing."""
    return await label_issues.take(session, body, caller=caller)


@router.post(
    "/reviews/cases/{case_id}/clear", dependencies=[decide], status_code=204, responses=HELD
)
async def clear_case(
    case_id: CaseId,
    session: DbSession,
    caller: CallerDep,
) -> None:
    """Looked at again, and its truth stands."""
    await label_issues.clear(session, case_id, caller=caller)


@router.get("/reviews/queues/{queue}", dependencies=[look])
async def look_at_queue(
    queue: QueueName,
    filters: Annotated[QueueFilters, Query()],
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Page[QueueItem]:
    """What waits, claimed or not; looking changes nothing."""
    return Page(items=await queues.look(session, queue, filters, settings, caller=caller))


@router.post("/reviews/queues/{queue}:claim", dependencies=[claim])
async def claim_from_queue(
    queue: QueueName,
    body: ClaimIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Page[QueueItem]:
    """Up to `limit` items that nobody holds, now the caller's; reviewing one releases it."""
    return Page(items=await queues.claim(session, queue, body, settings, caller=caller))


@router.post("/reviews/claims/{claim_id}/release", dependencies=[claim], status_code=204)
async def release_claim(claim_id: ClaimId, session: DbSession, caller: CallerDep) -> None:
    """Gives an item back before its time is over."""
    await claims.release(session, claim_id, caller=caller)


@router.get("/reviews/conflicts", dependencies=[look])
async def list_conflicts(
    session: DbSession,
    caller: CallerDep,
    task: AnyTask = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[TruthConflict]:
    """Two truths for one text, to be settled."""
    return await conflicts.page(session, caller=caller, task=task, after=cursor, limit=limit)


@router.post(
    "/reviews/conflicts/{conflict_id}/settle",
    dependencies=[decide],
    responses={409: {"description": "It changed meanwhile, or a colleague holds it"}},
)
async def settle_conflict(
    conflict_id: ConflictId,
    body: SettlementIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Settled:
    """One truth is left, or none; the corrections of a side that lost are rejected."""
    return await conflicts.settle(session, conflict_id, body, settings, caller=caller)


@router.post(
    "/corrections/{correction_id}/approve",
    dependencies=[decide],
    responses={
        409: {"description": "It was rejected, another truth is approved, or a colleague holds it"}
    },
)
async def approve_correction(
    correction_id: CorrectionId,
    body: ApprovalIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Approved:
    """Makes it ground truth; approving again changes nothing, but may allow quoting."""
    return await decisions.approve(session, correction_id, body, settings, caller=caller)


@router.post("/corrections:approve", dependencies=[decide])
async def approve_corrections(
    body: BulkApprovalIn, session: DbSession, caller: CallerDep, settings: SettingsDep
) -> BulkDecided:
    """One result per correction, in order; one that cannot be approved stops no other."""
    return await decisions.approve_many(session, body, settings, caller=caller)


@router.post("/corrections:reject", dependencies=[decide])
async def reject_corrections(
    body: BulkRejectionIn, session: DbSession, caller: CallerDep
) -> BulkDecided:
    """One result per correction, in order; one that cannot be rejected stops no other."""
    return await decisions.reject_many(session, body, caller=caller)


@router.post(
    "/corrections/{correction_id}/reject",
    dependencies=[decide],
    responses={409: {"description": "It was approved; reopen it first. Or a colleague holds it"}},
)
async def reject_correction(
    correction_id: CorrectionId, session: DbSession, caller: CallerDep
) -> Correction:
    """Nothing comes of it, and the prediction no longer shows it."""
    return (await decisions.reject(session, correction_id, caller=caller)).view()


@router.post("/corrections/{correction_id}/reopen", dependencies=[decide])
async def reopen_correction(
    correction_id: CorrectionId, session: DbSession, caller: CallerDep
) -> Correction:
    """Undoes the decision; a case that rests on it alone is withdrawn."""
    return (await decisions.reopen(session, correction_id, caller=caller)).view()
