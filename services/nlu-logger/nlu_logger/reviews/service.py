"""What people say of a prediction: corrections and confirmations, and who said and did what."""

from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit import audit
from nlu_shared.kit.auth import Caller
from nlu_shared.kit.pages import cut
from nlu_shared.schemas.base import Page, digest
from nlu_shared.schemas.reviews import Correction, CorrectionIn, CorrectionStatus
from sqlalchemy import exists, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.predictions import service as predictions
from nlu_logger.predictions.models import PredictionRow
from nlu_logger.reviews import selections
from nlu_logger.reviews.models import CorrectionRow
from nlu_logger.settings import Settings

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
    session: AsyncSession,
    prediction_id: UUID,
    body: CorrectionIn,
    *,
    caller: Caller,
    settings: Settings,
) -> tuple[CorrectionRow, bool]:
    """Proposes the right answer, which the prediction shows from now on; True where it is new."""
    return await _say(
        session,
        CorrectionRow(
            id=uuid7(),
            prediction_id=prediction_id,
            author=caller.subject,
            status=CorrectionStatus.PROPOSED.value,
            is_confirmation=False,
            body_hash=digest(body),
            **body.model_dump(),
        ),
        caller=caller,
        settings=settings,
    )


async def confirm(
    session: AsyncSession,
    prediction_id: UUID,
    notes: str | None,
    *,
    caller: Caller,
    settings: Settings,
) -> tuple[CorrectionRow, bool]:
    """The prediction was right: ground truth once approved; `corrected_intent` stays empty."""
    return await _say(
        session,
        CorrectionRow(
            id=uuid7(),
            prediction_id=prediction_id,
            author=caller.subject,
            status=CorrectionStatus.PROPOSED.value,
            is_confirmation=True,
            correction_notes=notes,
            body_hash=digest(["confirmed", notes]),
        ),
        caller=caller,
        settings=settings,
    )


async def _say(
    session: AsyncSession, row: CorrectionRow, *, caller: Caller, settings: Settings
) -> tuple[CorrectionRow, bool]:
    await predictions.get(session, row.prediction_id, caller=caller)
    values = row.model_dump(exclude={"created_at"})
    made = await session.exec(
        insert(CorrectionRow)
        .values(values)
        .on_conflict_do_nothing()
        .returning(col(CorrectionRow.id))
    )
    is_new = made.first() is not None
    if is_new:
        if not row.is_confirmation:
            await show_standing(session, row.prediction_id)
        # Selections come after the prediction in every transaction, or two could wait for ever.
        await selections.reviewed(session, row.prediction_id, settings, caller=caller)
        await audit.record(
            session,
            actor=caller.subject,
            action="corrections.confirm" if row.is_confirmation else "corrections.propose",
            subject=row.id,
            prediction_id=str(row.prediction_id),
        )
    stored = await session.exec(
        select(CorrectionRow).where(
            CorrectionRow.prediction_id == row.prediction_id,
            CorrectionRow.author == row.author,
            CorrectionRow.body_hash == row.body_hash,
        )
    )
    return stored.one(), is_new


async def show_standing(session: AsyncSession, prediction_id: UUID) -> None:
    await session.execute(text(SHOW_STANDING), {"id": prediction_id})


async def page(
    session: AsyncSession,
    *,
    caller: Caller,
    prediction_id: UUID | None,
    status: CorrectionStatus | None,
    before: UUID | None,
    limit: int,
    task: str | None = None,
) -> Page[Correction]:
    """Corrections and confirmations, of one task or of all the caller may see; the newest first."""
    query = select(CorrectionRow)
    if prediction_id is not None:
        query = query.where(CorrectionRow.prediction_id == prediction_id)
    if status is not None:
        query = query.where(CorrectionRow.status == status.value)
    if before is not None:
        query = query.where(col(CorrectionRow.id) < before)
    if caller.tasks is not None or task is not None:
        query = query.where(
            exists().where(
                col(PredictionRow.id) == col(CorrectionRow.prediction_id),
                predictions.visible(caller),
                true() if task is None else col(PredictionRow.task) == task,
            )
        )
    newest = query.order_by(col(CorrectionRow.id).desc()).limit(limit + 1)
    rows = (await session.exec(newest)).all()
    page, cursor = cut(rows, limit)
    return Page(
        items=[row.view() for row in page],
        next_cursor=cursor,
    )
