"""Decisions on corrections: approved, rejected, reopened, one or many.

Approval promotes the case and hands over one consideration, in the same commit. Locks are taken
in one order: corrections by id, ground truth, the prediction.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from nlu_shared.ids import uuid8
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, ServiceError
from nlu_shared.schemas.reviews import (
    ApprovalIn,
    Approved,
    BulkApprovalIn,
    BulkDecided,
    BulkRejectionIn,
    CorrectionStatus,
    Decided,
)
from sqlalchemy import delete, exists, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.ground_truth.models import ConflictRow
from nlu_logger.ground_truth.service import NewCase, Promoted
from nlu_logger.predictions import service as predictions
from nlu_logger.predictions.models import PredictionRow
from nlu_logger.reviews import claims, selections
from nlu_logger.reviews.models import CorrectionRow
from nlu_logger.reviews.service import show_standing, truth_of
from nlu_logger.settings import Settings

DECIDE = "reviews:decide"


async def approve(
    session: AsyncSession,
    correction_id: UUID,
    request: ApprovalIn,
    settings: Settings,
    *,
    caller: Caller,
) -> Approved:
    """Makes the case ground truth; approving again changes nothing but may allow quoting.

    Raises NotFound, Forbidden (their own correction), Conflict (rejected), Held (a colleague is at
    it), ConflictingTruth, and Invalid for a truth that is not in the task's label set.
    """
    row = await one(session, correction_id, caller=caller)
    await claims.guard(session, [row.id], caller=caller)
    made = await approve_row(session, row, request, settings, caller=caller)
    await selections.audited(session, [row.prediction_id], settings)
    return Approved(correction_id=row.id, ground_truth_id=made.id, warning=made.warning)


async def approve_many(
    session: AsyncSession, request: BulkApprovalIn, settings: Settings, *, caller: Caller
) -> BulkDecided:
    """One result per correction, in order; one that cannot be approved stops no other."""

    async def approve_one(row: CorrectionRow) -> Promoted:
        await claims.guard(session, [row.id], caller=caller)
        return await approve_row(session, row, request, settings, caller=caller)

    rows = await locked(session, request.correction_ids, caller=caller)
    decided = await _each(request.correction_ids, rows, approve_one)
    await selections.audited(session, [row.prediction_id for row in rows], settings)
    return decided


async def approve_row(
    session: AsyncSession,
    row: CorrectionRow,
    request: ApprovalIn,
    settings: Settings,
    *,
    caller: Caller,
) -> Promoted:
    """The case that a locked correction made; see `approve`."""
    if row.status == CorrectionStatus.REJECTED:
        raise Conflict("It was rejected; reopen it first.", code="rejected")
    if row.ground_truth_id is not None and not request.may_quote:
        return Promoted(row.ground_truth_id)
    if settings.require_second_approver and row.author == caller.subject:
        raise Forbidden("Somebody else must approve this.", code="own_correction")
    # Read after the lock: an erasure holds it, and a prediction it is taking away still shows.
    await ground_truth.lock(session)
    prediction = await predictions.get(session, row.prediction_id, caller=caller)
    may_quote = await ground_truth.may_quote(
        session, prediction.task, request.may_quote, otherwise=False
    )
    made = await ground_truth.promote(
        session,
        NewCase(
            task=prediction.task,
            text=prediction.prompt,
            truth=await truth_of(session, row, prediction, caller=caller),
            group=_group(prediction),
            may_quote=may_quote,
            correction_id=row.id,
        ),
        caller=caller,
        allow_new=request.allow_new,
    )
    approved = CorrectionStatus.APPROVED
    if row.status != approved:
        await _decide(session, row, approved, by=caller.subject, ground_truth_id=made.id)
    details = {"case_id": str(made.id), "may_quote": may_quote}
    await _tell(session, row, "approve", caller, **details)
    return made


async def reject(session: AsyncSession, correction_id: UUID, *, caller: Caller) -> CorrectionRow:
    """Nothing comes of it, and the prediction no longer shows it. Raises NotFound, Conflict (it was
    approved) and Held (a colleague is at it)."""
    row = await one(session, correction_id, caller=caller)
    await claims.guard(session, [row.id], caller=caller)
    await reject_row(session, row, caller=caller)
    return row


async def reject_many(
    session: AsyncSession, request: BulkRejectionIn, *, caller: Caller
) -> BulkDecided:
    """One result per correction, in order; one that cannot be rejected stops no other."""

    async def reject_one(row: CorrectionRow) -> None:
        await claims.guard(session, [row.id], caller=caller)
        await reject_row(session, row, caller=caller)

    rows = await locked(session, request.correction_ids, caller=caller)
    return await _each(request.correction_ids, rows, reject_one)


async def reject_row(session: AsyncSession, row: CorrectionRow, *, caller: Caller) -> None:
    if row.status == CorrectionStatus.APPROVED:
        raise Conflict("It was approved; reopen it first.", code="approved")
    if row.status != CorrectionStatus.REJECTED:
        await _decide(session, row, CorrectionStatus.REJECTED, by=caller.subject)
        await _tell(session, row, "reject", caller)


async def reopen(session: AsyncSession, correction_id: UUID, *, caller: Caller) -> CorrectionRow:
    """Takes a decision back; ground truth that rests on it alone goes."""
    row = await one(session, correction_id, caller=caller)
    case_id = row.ground_truth_id
    if case_id is not None:
        await ground_truth.lock(session)
    await reopen_row(session, row, caller=caller)
    if case_id is not None and not await behind(session, case_id):
        await ground_truth.withdraw(session, case_id)
    return row


async def reopen_row(session: AsyncSession, row: CorrectionRow, *, caller: Caller) -> None:
    if row.status != CorrectionStatus.PROPOSED:
        await _decide(session, row, CorrectionStatus.PROPOSED, by=None)
        await _tell(session, row, "reopen", caller)


async def withdraw(session: AsyncSession, correction_id: UUID, *, caller: Caller) -> CorrectionRow:
    """Its author takes back what nobody has decided on; given again, it stands again.

    Raises NotFound, Forbidden for another's, and Conflict where it was approved.
    """
    row = await one(session, correction_id, caller=caller)
    if row.author != caller.subject:
        raise Forbidden("Only its author takes a correction back.")
    if row.status == CorrectionStatus.APPROVED:
        raise Conflict("It was approved; reopen it first.", code="approved")
    if row.status == CorrectionStatus.PROPOSED:
        # Who may not decide does not end conflicts either; settling one finds it rejected.
        mark = _decide if caller.has(DECIDE) else _mark
        await mark(session, row, CorrectionStatus.REJECTED, by=caller.subject)
        await _tell(session, row, "withdraw", caller)
    return row


async def behind(session: AsyncSession, case_id: UUID) -> Sequence[UUID]:
    """The approved corrections on which the case rests, in id order."""
    resting = select(CorrectionRow.id).where(CorrectionRow.ground_truth_id == case_id)
    return (await session.exec(resting.order_by(col(CorrectionRow.id)))).all()


async def locked(
    session: AsyncSession, correction_ids: Sequence[UUID], *, caller: Caller
) -> Sequence[CorrectionRow]:
    """Those the caller may decide on, in id order, for this transaction."""
    query = select(CorrectionRow).where(col(CorrectionRow.id).in_(correction_ids))
    if caller.tasks is not None:
        query = query.where(
            exists().where(
                col(PredictionRow.id) == col(CorrectionRow.prediction_id),
                predictions.visible(caller),
            )
        )
    return (await session.exec(query.order_by(col(CorrectionRow.id)).with_for_update())).all()


async def one(session: AsyncSession, correction_id: UUID, *, caller: Caller) -> CorrectionRow:
    """The same of one. Raises NotFound."""
    rows = await locked(session, [correction_id], caller=caller)
    if not rows:
        raise NotFound("There is no such correction.")
    return rows[0]


async def _each(
    ids: Sequence[UUID],
    rows: Sequence[CorrectionRow],
    decide: Callable[[CorrectionRow], Awaitable[Promoted | None]],
) -> BulkDecided:
    results: dict[UUID, Decided] = {}
    for row in rows:
        try:
            made = await decide(row)
            results[row.id] = Decided(
                correction_id=row.id,
                status=200,
                ground_truth_id=made and made.id,
                warning=made and made.warning,
            )
        except (Conflict, NotFound, Forbidden, Invalid) as refused:
            results[row.id] = _refused(row.id, refused)
    unknown = NotFound()
    return BulkDecided(items=[results.get(one) or _refused(one, unknown) for one in ids])


def _refused(correction_id: UUID, refused: ServiceError) -> Decided:
    return Decided(correction_id=correction_id, status=refused.status, code=refused.code)


def _group(prediction: PredictionRow) -> str | None:
    """One name per conversation that is not the conversation's: the case outlives it."""
    conversation = prediction.conversation_id
    return None if conversation is None else str(uuid8("conversation", str(conversation)))


async def _decide(
    session: AsyncSession,
    row: CorrectionRow,
    status: CorrectionStatus,
    *,
    by: str | None,
    ground_truth_id: UUID | None = None,
) -> None:
    """`by` is None where a decision is taken back. A decided correction is in no conflict."""
    await session.exec(delete(ConflictRow).where(col(ConflictRow.correction_id) == row.id))
    await _mark(session, row, status, by=by, ground_truth_id=ground_truth_id)


async def _mark(
    session: AsyncSession,
    row: CorrectionRow,
    status: CorrectionStatus,
    *,
    by: str | None,
    **values: Any,
) -> None:
    marked = {"status": status.value, "decided_by": by, "decided_at": func.now() if by else None}
    changed = update(CorrectionRow).where(col(CorrectionRow.id) == row.id)
    await session.exec(changed.values(**marked, **values))
    await session.refresh(row)
    await show_standing(session, row.prediction_id)


async def _tell(
    session: AsyncSession, row: CorrectionRow, verb: str, caller: Caller, **details: Any
) -> None:
    await audit.record(
        session,
        actor=caller.subject,
        action=f"corrections.{verb}",
        subject=row.id,
        prediction_id=str(row.prediction_id),
        **details,
    )
