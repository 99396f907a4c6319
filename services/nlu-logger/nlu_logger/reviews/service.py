"""What people say of a prediction: corrections and confirmations, and who said and did what."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from nlu_shared.ids import uuid7
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.pages import cut
from nlu_shared.schemas.base import Page, digest
from nlu_shared.schemas.labels import LabelSet, LabelWarning, spelling
from nlu_shared.schemas.reviews import (
    ConfirmationIn,
    Correction,
    CorrectionIn,
    CorrectionStatus,
)
from pydantic import JsonValue
from sqlalchemy import exists, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.label_sets import service as label_sets
from nlu_logger.label_sets.service import Truth
from nlu_logger.predictions import service as predictions
from nlu_logger.predictions.models import PredictionRow
from nlu_logger.reviews import claims, selections
from nlu_logger.reviews.models import CorrectionRow
from nlu_logger.settings import Settings

# What its own author took back and gives again stands again.
GIVE_AGAIN = """
UPDATE corrections SET status = 'proposed', decided_by = NULL, decided_at = NULL
WHERE prediction_id = :prediction_id AND author = :author AND body_hash = :body_hash
    AND status = 'rejected' AND decided_by = author
RETURNING id
"""
# What the prediction shows: the approved answer, else the newest that stands, else none.
SHOW_STANDING = """
UPDATE nlu_prompt_logs SET updated_at = now(), (corrected_intent, correction_notes) = (
    SELECT corrected_intent, correction_notes FROM corrections
    WHERE prediction_id = :id AND status <> 'rejected' AND NOT is_confirmation
    ORDER BY status = 'approved' DESC, id DESC LIMIT 1
)
WHERE id = :id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCorrection:
    """A correction as it is stored, whether it is new, and what its author should look at."""

    row: CorrectionRow
    is_new: bool
    warning: LabelWarning | None

    def view(self) -> Correction:
        return self.row.view().model_copy(update={"warning": self.warning})


async def correct(
    session: AsyncSession,
    prediction_id: UUID,
    body: CorrectionIn,
    *,
    caller: Caller,
    settings: Settings,
    choices: Collection[str] | None = None,
) -> StoredCorrection:
    """Proposes the right answer, which the prediction shows from now on.

    Raises NotFound, Held where a colleague is at it, and Invalid for what is not in the task's
    label set; `choices` as in `label_sets.policy.admit`.
    """
    prediction = await predictions.get(session, prediction_id, caller=caller)
    await claims.guard(session, [prediction_id], caller=caller)
    value = body.corrected_output if body.corrected_intent is None else body.corrected_intent
    truth = await _checked(session, prediction.task, value, body, caller=caller, choices=choices)
    if isinstance(truth.value, str):
        body = body.model_copy(update={"corrected_intent": truth.value, "corrected_output": None})
    row = _new(prediction_id, caller, body_hash=digest(body.stored), **body.stored)
    return await _say(session, row, truth, caller=caller, settings=settings)


async def confirm(
    session: AsyncSession,
    prediction_id: UUID,
    body: ConfirmationIn,
    *,
    caller: Caller,
    settings: Settings,
) -> StoredCorrection:
    """The prediction was right: ground truth once approved; `corrected_intent` stays empty.

    Raises what `correct` raises.
    """
    prediction = await predictions.get(session, prediction_id, caller=caller)
    await claims.guard(session, [prediction_id], caller=caller)
    row = _new(
        prediction_id,
        caller,
        is_confirmation=True,
        correction_notes=body.correction_notes,
        body_hash=digest(["confirmed", body.correction_notes]),
    )
    value = await truth_of(session, row, prediction, caller=caller)
    truth = await _checked(session, prediction.task, value, body, caller=caller)
    return await _say(session, row, truth, caller=caller, settings=settings)


async def answer(
    session: AsyncSession,
    prediction_id: UUID,
    label: str | None,
    notes: str | None,
    *,
    allow_new: bool,
    caller: Caller,
    settings: Settings,
    choices: Collection[str] | None = None,
) -> StoredCorrection:
    """A reviewer's label: the prediction's own, in any spelling of it, confirms the prediction,
    another one corrects it. Raises what `correct` raises; `choices` as there."""
    prediction = await predictions.get(session, prediction_id, caller=caller)
    known = await label_sets.current(session, prediction.task, caller=caller)
    if label is not None and _label(label, known) == _label(prediction.predicted_intent, known):
        confirmed = ConfirmationIn(correction_notes=notes, allow_new=allow_new)
        return await confirm(session, prediction_id, confirmed, caller=caller, settings=settings)
    body = CorrectionIn(corrected_intent=label, correction_notes=notes, allow_new=allow_new)
    return await correct(
        session, prediction_id, body, caller=caller, settings=settings, choices=choices
    )


def _label(text: str, known: LabelSet) -> str:
    spelled = spelling(text)
    return known.spellings.get(spelled, spelled)


async def truth_of(
    session: AsyncSession, row: CorrectionRow, prediction: PredictionRow, *, caller: Caller
) -> JsonValue:
    """What the correction makes the truth of its prediction, as it was given.

    Of a prediction with a structured output, that; but where the task has a label set, its label.
    """
    label, output = row.corrected_intent, row.corrected_output
    if row.is_confirmation:
        known = await label_sets.current(session, prediction.task, caller=caller)
        label, output = prediction.predicted_intent, None if known.version else prediction.output
    value: JsonValue = label if output is None else output
    return value


async def _checked(
    session: AsyncSession,
    task: str,
    value: JsonValue,
    body: CorrectionIn | ConfirmationIn,
    *,
    caller: Caller,
    choices: Collection[str] | None = None,
) -> Truth:
    if body.allow_new:
        await ground_truth.lock(session)
    return await label_sets.check(
        session, task, value, caller=caller, allow_new=body.allow_new, choices=choices
    )


def _new(prediction_id: UUID, caller: Caller, **values: Any) -> CorrectionRow:
    proposed: dict[str, Any] = {"status": CorrectionStatus.PROPOSED.value, "is_confirmation": False}
    return CorrectionRow(
        id=uuid7(),
        prediction_id=prediction_id,
        author=caller.subject,
        **proposed | values,
    )


async def _say(
    session: AsyncSession,
    row: CorrectionRow,
    truth: Truth,
    *,
    caller: Caller,
    settings: Settings,
) -> StoredCorrection:
    values = row.model_dump(exclude={"created_at"})
    made = await session.exec(
        insert(CorrectionRow)
        .values(values)
        .on_conflict_do_nothing()
        .returning(col(CorrectionRow.id))
    )
    is_new = made.first() is not None
    if not is_new and caller.user_id is None:
        same = {name: values[name] for name in ("prediction_id", "author", "body_hash")}
        given_again = await session.execute(text(GIVE_AGAIN), same)
        is_new = given_again.first() is not None
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
        select(CorrectionRow)
        .where(
            CorrectionRow.prediction_id == row.prediction_id,
            CorrectionRow.author == row.author,
            CorrectionRow.body_hash == row.body_hash,
        )
        .execution_options(populate_existing=True)
    )
    return StoredCorrection(row=stored.one(), is_new=is_new, warning=truth.warning)


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
