"""Corrections and confirmations: proposed, approved, rejected, reopened.

Approval promotes the case and hands over one consideration, in the same commit. Locks are taken
in one order: corrections by id, ground truth, the prediction.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from nlu_shared.ids import uuid7, uuid8
from nlu_shared.kit.auth import Caller
from nlu_shared.kit.errors import Conflict, Forbidden, NotFound, ServiceError
from nlu_shared.schemas.base import digest
from nlu_shared.schemas.reviews import (
    ApprovalResult,
    Approved,
    BulkApprovalIn,
    BulkApproved,
    CorrectionIn,
    CorrectionStatus,
)
from sqlalchemy import exists, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.ground_truth.service import NewCase
from nlu_logger.predictions import service as predictions
from nlu_logger.predictions.models import PredictionRow
from nlu_logger.reviews.models import CorrectionRow

# What the prediction shows: the approved answer, else the newest that stands, else none.
SHOW_STANDING = """
UPDATE nlu_prompt_logs SET updated_at = now(), (corrected_intent, correction_notes) = (
    SELECT corrected_intent, correction_notes FROM corrections
    WHERE prediction_id = :id AND status <> 'rejected' AND NOT is_confirmation
    ORDER BY status = 'approved' DESC, id DESC LIMIT 1
)
WHERE id = :id
"""


async def correct(
    session: AsyncSession, prediction_id: UUID, said: CorrectionIn, *, caller: Caller
) -> tuple[CorrectionRow, bool]:
    """Proposes the right answer, which the prediction shows from now on; True where it is new."""
    await predictions.get(session, prediction_id, caller=caller)
    row, is_new = await _say(
        session,
        CorrectionRow(
            id=uuid7(),
            prediction_id=prediction_id,
            author=caller.subject,
            status=CorrectionStatus.PROPOSED.value,
            is_confirmation=False,
            said_hash=digest(said),
            **said.model_dump(),
        ),
    )
    if is_new:
        await _show_standing(session, prediction_id)
    return row, is_new


async def confirm(
    session: AsyncSession, prediction_id: UUID, notes: str | None, *, caller: Caller
) -> tuple[CorrectionRow, bool]:
    """The prediction was right: ground truth once approved; `corrected_intent` stays empty."""
    await predictions.get(session, prediction_id, caller=caller)
    return await _say(
        session,
        CorrectionRow(
            id=uuid7(),
            prediction_id=prediction_id,
            author=caller.subject,
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


async def _show_standing(session: AsyncSession, prediction_id: UUID) -> None:
    await session.execute(text(SHOW_STANDING), {"id": prediction_id})


async def approve(
    session: AsyncSession,
    correction_id: UUID,
    *,
    caller: Caller,
    may_quote: bool,
    second_pair_of_eyes: bool,
) -> Approved:
    """Makes the case ground truth; approving again changes nothing but may allow quoting.

    Raises NotFound, Forbidden (their own correction), Conflict (rejected, or another truth stands).
    """
    row = await _locked_one(session, correction_id, caller=caller)
    return await _approve(
        session,
        row,
        caller=caller,
        may_quote=may_quote,
        second_pair_of_eyes=second_pair_of_eyes,
    )


async def _approve(
    session: AsyncSession,
    row: CorrectionRow,
    *,
    caller: Caller,
    may_quote: bool,
    second_pair_of_eyes: bool,
) -> Approved:
    if row.status == CorrectionStatus.REJECTED:
        raise Conflict("It was rejected; reopen it first.", code="rejected")
    if row.ground_truth_id is not None and not may_quote:
        return Approved(correction_id=row.id, ground_truth_id=row.ground_truth_id)
    if second_pair_of_eyes and row.author == caller.subject:
        raise Forbidden("Somebody else must approve this.", code="own_correction")
    prediction = await predictions.get(session, row.prediction_id, caller=caller)
    case_id = await ground_truth.promote(
        session,
        NewCase(
            task=prediction.task,
            text=prediction.prompt,
            truth=_truth(row, prediction),
            group=_group(prediction),
            may_quote=may_quote,
            correction_id=row.id,
        ),
        approved_by=caller.subject,
    )
    if row.status != CorrectionStatus.APPROVED:
        await _decide(
            session, row, CorrectionStatus.APPROVED, by=caller.subject, ground_truth_id=case_id
        )
    return Approved(correction_id=row.id, ground_truth_id=case_id)


def _group(prediction: PredictionRow) -> str | None:
    """One name per conversation that is not the conversation's: the case outlives it."""
    said_in = prediction.conversation_id
    return None if said_in is None else str(uuid8("conversation", str(said_in)))


async def approve_many(
    session: AsyncSession,
    asked: BulkApprovalIn,
    *,
    caller: Caller,
    second_pair_of_eyes: bool,
) -> BulkApproved:
    """One result per correction, in order; one that cannot be approved stops no other."""
    results: dict[UUID, ApprovalResult] = {}
    for row in await _locked(session, asked.correction_ids, caller=caller):
        try:
            done = await _approve(
                session,
                row,
                caller=caller,
                may_quote=asked.may_quote,
                second_pair_of_eyes=second_pair_of_eyes,
            )
            results[row.id] = ApprovalResult(
                correction_id=row.id, status=200, ground_truth_id=done.ground_truth_id
            )
        except (Conflict, NotFound, Forbidden) as refused:
            results[row.id] = _refused(row.id, refused)
    unknown = NotFound()
    return BulkApproved(
        items=[results.get(one) or _refused(one, unknown) for one in asked.correction_ids]
    )


def _refused(correction_id: UUID, refused: ServiceError) -> ApprovalResult:
    return ApprovalResult(correction_id=correction_id, status=refused.status, code=refused.code)


async def reject(session: AsyncSession, correction_id: UUID, *, caller: Caller) -> CorrectionRow:
    """Nothing comes of it, and the prediction no longer shows it."""
    row = await _locked_one(session, correction_id, caller=caller)
    if row.status == CorrectionStatus.APPROVED:
        raise Conflict("It was approved; reopen it first.", code="approved")
    if row.status != CorrectionStatus.REJECTED:
        await _decide(session, row, CorrectionStatus.REJECTED, by=caller.subject)
    return row


async def reopen(session: AsyncSession, correction_id: UUID, *, caller: Caller) -> CorrectionRow:
    """Takes a decision back; ground truth that rests on it alone goes."""
    row = await _locked_one(session, correction_id, caller=caller)
    case_id = row.ground_truth_id
    if case_id is not None:
        await ground_truth.lock(session)
    if row.status != CorrectionStatus.PROPOSED:
        await _decide(session, row, CorrectionStatus.PROPOSED, by=None)
    if case_id is not None and not await _rests(session, case_id):
        await ground_truth.withdraw(session, case_id)
    return row


async def _rests(session: AsyncSession, case_id: UUID) -> bool:
    """Whether an approved correction still stands behind the case."""
    found = await session.exec(
        select(CorrectionRow.id).where(CorrectionRow.ground_truth_id == case_id).limit(1)
    )
    return found.first() is not None


def _truth(row: CorrectionRow, prediction: PredictionRow) -> Any:
    if not row.is_confirmation:
        return row.corrected_output if row.corrected_intent is None else row.corrected_intent
    return prediction.predicted_intent if prediction.output is None else prediction.output


async def _locked_one(
    session: AsyncSession, correction_id: UUID, *, caller: Caller
) -> CorrectionRow:
    rows = await _locked(session, [correction_id], caller=caller)
    if not rows:
        raise NotFound("There is no such correction.")
    return rows[0]


async def _locked(
    session: AsyncSession, correction_ids: Sequence[UUID], *, caller: Caller
) -> Sequence[CorrectionRow]:
    asked = select(CorrectionRow).where(col(CorrectionRow.id).in_(correction_ids))
    if caller.tasks is not None:
        asked = asked.where(
            exists().where(
                col(PredictionRow.id) == col(CorrectionRow.prediction_id),
                predictions.visible(caller),
            )
        )
    return (await session.exec(asked.order_by(col(CorrectionRow.id)).with_for_update())).all()


async def _decide(
    session: AsyncSession,
    row: CorrectionRow,
    status: CorrectionStatus,
    *,
    by: str | None,
    ground_truth_id: UUID | None = None,
) -> None:
    """`by` is None where a decision is taken back."""
    await session.exec(
        update(CorrectionRow)
        .where(col(CorrectionRow.id) == row.id)
        .values(
            status=status.value,
            decided_by=by,
            decided_at=func.now() if by else None,
            ground_truth_id=ground_truth_id,
        )
    )
    await session.refresh(row)
    await _show_standing(session, row.prediction_id)
