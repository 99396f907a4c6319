"""Conflicts: two truths for one text, of which one is ground truth and one wants to be.

Locks are taken as decisions take them: corrections by id, ground truth, the predictions.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import Conflict, NotFound
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.reviews import (
    ApprovalIn,
    Settled,
    Settlement,
    SettlementIn,
    TruthConflict,
)
from sqlalchemy import delete, text
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.ground_truth.models import ConflictRow, GroundTruthRow
from nlu_logger.ground_truth.service import NewCase
from nlu_logger.reviews import claims, decisions
from nlu_logger.reviews.models import CorrectionRow
from nlu_logger.settings import Settings

OPEN = """
SELECT f.id, g.task, g.text, g.id AS ground_truth_id, g.truth AS standing_truth,
    g.approved_by AS standing_by,
    ARRAY(
        SELECT b.id FROM corrections b WHERE b.ground_truth_id = g.id ORDER BY b.id
    ) AS standing_corrections,
    f.correction_id, f.truth AS other_truth, coalesce(c.author, f.raised_by) AS other_by,
    f.raised_by, f.created_at
FROM truth_conflicts f
JOIN ground_truth g ON g.id = f.ground_truth_id
LEFT JOIN corrections c ON c.id = f.correction_id
WHERE (cast(:tasks AS text[]) IS NULL OR g.task = ANY(:tasks))
    AND (cast(:task AS text) IS NULL OR g.task = :task)
    AND (cast(:after AS uuid) IS NULL OR f.id > :after)
ORDER BY f.id LIMIT :limit
"""


async def page(
    session: AsyncSession,
    *,
    caller: Caller,
    task: str | None,
    after: UUID | None,
    limit: int,
) -> Page[TruthConflict]:
    """Those nobody settled yet, with both sides, the oldest first."""
    tasks = caller.task_list
    params = {"tasks": tasks, "task": task, "after": after, "limit": limit + 1}
    rows: Sequence[Any] = (await session.execute(text(OPEN), params)).all()
    page, cursor = cut(rows, limit)
    return Page(
        items=[TruthConflict.model_validate(dict(row._mapping)) for row in page],
        next_cursor=cursor,
    )


async def settle(
    session: AsyncSession,
    conflict_id: UUID,
    body: SettlementIn,
    settings: Settings,
    *,
    caller: Caller,
) -> Settled:
    """One truth is left, or none; the corrections of a side that lost are rejected.

    Raises NotFound, Forbidden (they would approve their own), Held (a colleague is at it), Conflict
    (it changed meanwhile), and Invalid where the other truth is taken and is not in the task's
    label set.
    """
    truth = body.truth
    conflict, standing = await _both(session, conflict_id, caller=caller)
    await claims.guard(session, [conflict_id], caller=caller)
    resting = await decisions.behind(session, standing.id)
    other = conflict.correction_id
    rows = await decisions.locked(session, [*resting, other] if other else resting, caller=caller)
    if other is not None and other not in {row.id for row in rows}:
        raise NotFound("The prediction of the other truth is gone.")
    await ground_truth.lock(session)
    await _unchanged(session, conflict, standing, resting)
    winner: UUID | None = standing.id
    if truth is not Settlement.KEEP:
        await _drop(session, standing, [row for row in rows if row.id != other], caller=caller)
        winner = None
    for row in rows:
        if row.id == other and truth is not Settlement.REPLACE:
            await decisions.reject_row(session, row, caller=caller)
        elif row.id == other:
            approval = ApprovalIn(may_quote=conflict.may_quote, allow_new=body.allow_new)
            made = await decisions.approve_row(session, row, approval, settings, caller=caller)
            winner = made.id
    if truth is Settlement.REPLACE and other is None:
        case = _other_case(conflict, standing)
        made = await ground_truth.promote(session, case, caller=caller, allow_new=body.allow_new)
        winner = made.id
    await session.exec(delete(ConflictRow).where(col(ConflictRow.id) == conflict.id))
    await audit.record(
        session,
        actor=caller.subject,
        action="reviews.settle",
        subject=conflict.id,
        truth=truth.value,
        case_id=str(standing.id),
        corrections=[str(row.id) for row in rows],
    )
    return Settled(ground_truth_id=winner)


async def text_of(session: AsyncSession, conflict_id: UUID) -> UUID | None:
    """A correction that has the text of a conflict, whatever becomes of its truths."""
    conflict = await session.get(ConflictRow, conflict_id)
    if conflict is None:
        return None
    if conflict.correction_id is not None:
        return conflict.correction_id
    return next(iter(await decisions.behind(session, conflict.ground_truth_id)), None)


async def _both(
    session: AsyncSession, conflict_id: UUID, *, caller: Caller
) -> tuple[ConflictRow, GroundTruthRow]:
    conflict = await session.get(ConflictRow, conflict_id)
    if conflict is not None:
        standing = await session.get(GroundTruthRow, conflict.ground_truth_id)
        if standing is not None and caller.may_touch(standing.task):
            return conflict, standing
    raise NotFound("There is no such open conflict.")


async def _unchanged(
    session: AsyncSession,
    conflict: ConflictRow,
    standing: GroundTruthRow,
    resting: Sequence[UUID],
) -> None:
    """What was read before the lock was taken must still hold under it."""
    open_still = await session.get(ConflictRow, conflict.id, populate_existing=True)
    if open_still is None or await decisions.behind(session, standing.id) != resting:
        raise Conflict("It changed meanwhile; look again.", code="changed_meanwhile")


def _other_case(conflict: ConflictRow, standing: GroundTruthRow) -> NewCase:
    """The truth that wants to be, of the text that has the standing one."""
    return NewCase(
        task=standing.task,
        text=standing.text,
        context=standing.context,
        truth=conflict.truth,
        group=conflict.case_group,
        may_quote=conflict.may_quote,
    )


async def _drop(
    session: AsyncSession,
    standing: GroundTruthRow,
    rows: Sequence[CorrectionRow],
    *,
    caller: Caller,
) -> None:
    """The standing truth goes, and so do the corrections on which it rests."""
    for row in rows:
        await decisions.reopen_row(session, row, caller=caller)
        await decisions.reject_row(session, row, caller=caller)
    await ground_truth.forget(session, standing)
