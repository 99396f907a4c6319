"""Corrections and confirmations: proposed, approved, rejected, reopened.

Approval promotes the case and hands over one consideration, in the same commit.
"""

from typing import Any
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.auth import Caller
from nlu_shared.kit.errors import Conflict, Forbidden, Invalid, NotFound, ServiceError
from nlu_shared.kit.jobs import hand_over
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.jobs import CONSIDER_RUN, INDUCTION_QUEUE, JobOrder
from nlu_shared.schemas.reviews import (
    ApprovalResult,
    Approved,
    BulkApprovalIn,
    BulkApproved,
    CorrectionIn,
    CorrectionStatus,
)
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.ground_truth.service import NewCase
from nlu_logger.predictions import service as predictions
from nlu_logger.predictions.models import PredictionRow
from nlu_logger.reviews.models import CorrectionRow

BULK_LIMIT = 1_000


async def correct(
    session: AsyncSession, prediction_id: UUID, said: CorrectionIn, *, author: str
) -> tuple[CorrectionRow, bool]:
    """Proposes the right answer, which the prediction shows from now on; True where it is new."""
    await predictions.get(session, prediction_id)
    row, is_new = await _say(
        session,
        CorrectionRow(
            id=uuid7(),
            prediction_id=prediction_id,
            author=author,
            status=CorrectionStatus.PROPOSED.value,
            is_confirmation=False,
            said_hash=digest(said),
            **said.model_dump(),
        ),
    )
    if is_new:
        await _show(session, prediction_id, said.corrected_intent, said.correction_notes)
    return row, is_new


async def confirm(
    session: AsyncSession, prediction_id: UUID, notes: str | None, *, author: str
) -> tuple[CorrectionRow, bool]:
    """The prediction was right: ground truth once approved; `corrected_intent` stays empty."""
    await predictions.get(session, prediction_id)
    return await _say(
        session,
        CorrectionRow(
            id=uuid7(),
            prediction_id=prediction_id,
            author=author,
            status=CorrectionStatus.PROPOSED.value,
            is_confirmation=True,
            correction_notes=notes,
            said_hash=digest(["confirmed", notes]),
        ),
    )


async def _say(session: AsyncSession, row: CorrectionRow) -> tuple[CorrectionRow, bool]:
    values = row.model_dump(exclude={"created_at"})
    made = await session.exec(
        insert(CorrectionRow)
        .values(values)
        .on_conflict_do_nothing()
        .returning(col(CorrectionRow.id))
    )
    is_new = made.first() is not None
    stored = await session.exec(
        select(CorrectionRow).where(
            CorrectionRow.prediction_id == row.prediction_id,
            CorrectionRow.author == row.author,
            CorrectionRow.said_hash == row.said_hash,
        )
    )
    return stored.one(), is_new


async def _show(
    session: AsyncSession, prediction_id: UUID, intent: str | None, notes: str | None
) -> None:
    await session.exec(
        update(PredictionRow)
        .where(col(PredictionRow.id) == prediction_id)
        .values(corrected_intent=intent, correction_notes=notes, updated_at=func.now())
    )


async def approve(
    session: AsyncSession,
    correction_id: UUID,
    *,
    caller: Caller,
    may_quote: bool,
    second_pair_of_eyes: bool,
) -> Approved:
    """Makes the case ground truth; approving again changes nothing.

    Raises NotFound, Forbidden (their own correction), Conflict (rejected, or another truth stands).
    """
    row = await _locked(session, correction_id)
    if row.status == CorrectionStatus.REJECTED:
        raise Conflict("It was rejected; reopen it first.", code="rejected")
    if second_pair_of_eyes and row.author == caller.subject:
        raise Forbidden("Somebody else must approve this.")
    prediction = await predictions.get(session, row.prediction_id)
    if not caller.may_touch(prediction.task):
        raise Forbidden("This key is not for that task.")
    case_id = await ground_truth.promote(
        session,
        NewCase(
            task=prediction.task,
            text=prediction.prompt,
            truth=_truth(row, prediction),
            group=str(prediction.conversation_id) if prediction.conversation_id else None,
            may_quote=may_quote,
            correction_id=row.id,
        ),
        approved_by=caller.subject,
    )
    if row.status != CorrectionStatus.APPROVED:
        await _decide(session, row, CorrectionStatus.APPROVED, by=caller.subject)
    await _consider(session, prediction.task)
    return Approved(correction_id=row.id, ground_truth_id=case_id)


async def approve_many(
    session: AsyncSession,
    asked: BulkApprovalIn,
    *,
    caller: Caller,
    second_pair_of_eyes: bool,
) -> BulkApproved:
    """One result per correction, in order; one that cannot be approved stops no other."""
    if len(asked.correction_ids) > BULK_LIMIT:
        raise Invalid(f"At most {BULK_LIMIT} at once.", code="batch_too_long")
    results: dict[UUID, ApprovalResult] = {}
    # Locks are taken in id order, so that two overlapping bulks cannot deadlock.
    for correction_id in sorted(set(asked.correction_ids)):
        try:
            async with session.begin_nested():
                done = await approve(
                    session,
                    correction_id,
                    caller=caller,
                    may_quote=asked.may_quote,
                    second_pair_of_eyes=second_pair_of_eyes,
                )
            results[correction_id] = ApprovalResult(
                correction_id=correction_id, status=200, ground_truth_id=done.ground_truth_id
            )
        except (Conflict, NotFound, Forbidden) as refused:
            results[correction_id] = _refused(correction_id, refused)
    return BulkApproved(items=[results[one] for one in asked.correction_ids])


def _refused(correction_id: UUID, refused: ServiceError) -> ApprovalResult:
    return ApprovalResult(correction_id=correction_id, status=refused.status, code=refused.code)


async def reject(session: AsyncSession, correction_id: UUID, *, caller: Caller) -> CorrectionRow:
    """Nothing comes of it, and the prediction no longer shows it."""
    row = await _locked(session, correction_id)
    if row.status == CorrectionStatus.APPROVED:
        raise Conflict("It was approved; reopen it first.", code="approved")
    await _decide(session, row, CorrectionStatus.REJECTED, by=caller.subject)
    await _show(session, row.prediction_id, None, None)
    return row


async def reopen(session: AsyncSession, correction_id: UUID, *, caller: Caller) -> CorrectionRow:
    """Takes a decision back; ground truth that rests on it goes."""
    row = await _locked(session, correction_id)
    if row.status == CorrectionStatus.APPROVED:
        prediction = await predictions.get(session, row.prediction_id)
        await ground_truth.withdraw(session, row.id)
        await _consider(session, prediction.task)
    await _decide(session, row, CorrectionStatus.PROPOSED, by=caller.subject)
    if not row.is_confirmation:
        await _show(session, row.prediction_id, row.corrected_intent, row.correction_notes)
    return row


def _truth(row: CorrectionRow, prediction: PredictionRow) -> Any:
    if not row.is_confirmation:
        return row.corrected_output if row.corrected_intent is None else row.corrected_intent
    return prediction.predicted_intent if prediction.output is None else prediction.output


async def _locked(session: AsyncSession, correction_id: UUID) -> CorrectionRow:
    row = (
        await session.exec(
            select(CorrectionRow).where(CorrectionRow.id == correction_id).with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise NotFound("There is no such correction.")
    return row


async def _decide(
    session: AsyncSession, row: CorrectionRow, status: CorrectionStatus, *, by: str
) -> None:
    await session.exec(
        update(CorrectionRow)
        .where(col(CorrectionRow.id) == row.id)
        .values(status=status.value, decided_by=by, decided_at=func.now())
    )
    await session.refresh(row)


async def _consider(session: AsyncSession, task: str) -> None:
    """A burst of approvals is one consideration: equal job ids that wait are one job."""
    await hand_over(
        session,
        JobOrder(
            name=CONSIDER_RUN,
            queue=INDUCTION_QUEUE,
            job_id=f"consider:{task}",
            arguments=(task,),
        ),
    )
