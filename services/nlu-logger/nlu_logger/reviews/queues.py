"""Review queues: WHERE clauses over the predictions themselves, never copies of them.

A look shows everything that waits, marked with who holds it; a claim takes what nobody holds.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.schemas.queues import ClaimIn, Queue, QueueFilters, QueueItem
from sqlalchemy import ColumnElement, case, exists, false, func
from sqlalchemy import select as columns
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.predictions.models import PredictionRow
from nlu_logger.predictions.service import visible
from nlu_logger.reviews import claims
from nlu_logger.reviews.models import CorrectionRow
from nlu_logger.reviews.priority import Candidate, next_to_label
from nlu_logger.settings import Settings

P, C = PredictionRow, CorrectionRow
END_USERS = "user:%"
CANDIDATES = 2_000
COMPARED_CHARACTERS = 500
"""Of each text; bounds what label-next reads."""
HIDDEN_FROM_A_CODER = {"corrected_intent": None, "correction_notes": None}


async def look(
    session: AsyncSession,
    queue: Queue,
    filters: QueueFilters,
    settings: Settings,
    *,
    caller: Caller,
) -> list[QueueItem]:
    """What waits, the first to look at first, with who holds it."""
    items = await _waiting(session, queue, filters, settings, caller=caller)
    held = await claims.of(session, [item.id for item in items])
    return [item.model_copy(update={"claim": held.get(item.id)}) for item in items]


async def claim(
    session: AsyncSession, queue: Queue, filters: ClaimIn, settings: Settings, *, caller: Caller
) -> list[QueueItem]:
    """The first items that nobody holds, now held by the caller."""
    await claims.take_turns(session)
    items = await _waiting(session, queue, filters, settings, caller=caller, free_only=True)
    made = await claims.hold(
        session,
        [item.id for item in items],
        queue,
        caller=caller,
        lasting=timedelta(minutes=filters.minutes),
    )
    return [item.model_copy(update={"claim": made[item.id]}) for item in items if item.id in made]


async def _waiting(
    session: AsyncSession,
    queue: Queue,
    filters: QueueFilters,
    settings: Settings,
    *,
    caller: Caller,
    free_only: bool = False,
) -> list[QueueItem]:
    kept = [visible(caller)]
    if filters.task is not None:
        kept.append(col(P.task) == filters.task)
    unsure = col(P.confidence) < filters.threshold
    wanted: list[ColumnElement[bool]]
    first: list[Any]
    match queue:
        case Queue.LOW_CONFIDENCE:
            wanted, first = [unsure, _unreviewed()], [col(P.confidence), col(P.id)]
        case Queue.FAILED_WORKFLOW:
            wanted = [col(P.was_successful) == false(), _unreviewed()]
            first = [col(P.id).desc()]
        case Queue.AUDIT:
            wanted = _to_audit(settings, caller)
            first = [_draw(settings.audit_seed), col(P.id)]
        case Queue.LABEL_NEXT:
            wanted = [unsure | col(P.confidence).is_(None), _unreviewed(), _recent(settings)]
            kept += wanted
            return await _label_next(session, kept, filters, settings, free_only=free_only)
    if free_only:
        kept.append(~claims.held(col(P.id)))
    rows = await session.exec(select(P).where(*kept, *wanted).order_by(*first).limit(filters.limit))
    hidden = HIDDEN_FROM_A_CODER if queue is Queue.AUDIT else {}
    return [QueueItem.model_validate(row.model_dump() | hidden) for row in rows]


async def _label_next(
    session: AsyncSession,
    kept: list[ColumnElement[bool]],
    filters: QueueFilters,
    settings: Settings,
    *,
    free_only: bool,
) -> list[QueueItem]:
    """The newest candidates, in the order of `priority`; what is held counts as listed already."""
    read = func.left(P.prompt, COMPARED_CHARACTERS)
    parts: Any = (P.id, P.task, read, P.predicted_intent, P.confidence, P.secondary_intents)
    newest = columns(*parts).where(*kept).order_by(col(P.id).desc()).limit(CANDIDATES)
    candidates = [_candidate(*row) for row in await session.execute(newest)]
    held = await claims.of(session, [one.id for one in candidates]) if free_only else {}
    intent: Any = (P.task, P.predicted_intent)
    traffic = columns(*intent, func.count()).where(_recent(settings)).group_by(*intent)
    if filters.task is not None:
        traffic = traffic.where(col(P.task) == filters.task)
    seen = {(task, name): count for task, name, count in await session.execute(traffic)}
    chosen = await asyncio.to_thread(
        next_to_label, candidates, seen, filters.limit, listed=set(held)
    )
    rows = await session.exec(select(P).where(col(P.id).in_([one for one, _ in chosen])))
    by_id = {row.id: row.model_dump() for row in rows}
    return [QueueItem.model_validate(by_id[one] | {"why": why}) for one, why in chosen]


def _candidate(
    prediction_id: UUID,
    task: str,
    text: str,
    intent: str,
    confidence: float | None,
    secondary: list[dict[str, Any]],
) -> Candidate:
    others = (one["confidence"] for one in secondary if one["intent"] != intent)
    return Candidate(prediction_id, task, text, intent, confidence, max(others, default=0.0))


def _unreviewed() -> ColumnElement[bool]:
    """Nobody has said anything that still stands."""
    return ~exists().where(col(C.prediction_id) == col(P.id), col(C.status) != "rejected")


def _to_audit(settings: Settings, caller: Caller) -> list[ColumnElement[bool]]:
    """Members of the audit that lack a coder, and the caller is not one of theirs."""
    standing = (
        col(C.prediction_id) == col(P.id),
        col(C.status) != "rejected",
        col(C.author).not_like(END_USERS),
    )
    coders = select(func.count(func.distinct(C.author))).where(*standing).scalar_subquery()
    # Another seed: who is coded twice does not depend on who was drawn first.
    doubly = _draw(settings.audit_seed + 1) < settings.double_code_share
    return [
        _recent(settings),
        _draw(settings.audit_seed) < settings.audit_share,
        coders < case((doubly, 2), else_=1),
        ~exists().where(*standing, col(C.author) == caller.subject),
    ]


def _draw(seed: int) -> ColumnElement[float]:
    return func.audit_draw(col(P.id), seed)


def _recent(settings: Settings) -> ColumnElement[bool]:
    since = func.first_id_of(func.now() - timedelta(days=settings.review_days))
    return col(P.id) >= since
