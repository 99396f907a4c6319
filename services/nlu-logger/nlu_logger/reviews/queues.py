"""Review queues: WHERE clauses over the predictions themselves, never copies of them.

A look shows everything that waits, marked with who holds it; a claim takes what nobody holds, and
`next_one` a single item at a time.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
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
from nlu_logger.reviews.priority import Candidate, alike, next_to_label
from nlu_logger.settings import Settings

P, C = PredictionRow, CorrectionRow
END_USERS = "user:%"
CANDIDATES = 2_000
COMPARED_CHARACTERS = 500
"""Of each text; bounds what comparing many of them reads."""
UNSURE = 0.7
"""The document's threshold of low confidence."""
MOST_COUNTED = 1_000
MOST_ALIKE = 50
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


async def next_one(
    session: AsyncSession,
    queue: Queue,
    filters: ClaimIn,
    settings: Settings,
    *,
    skipped: Collection[UUID],
    caller: Caller,
) -> QueueItem | None:
    """The item to look at now, held by the caller from now on: one they hold already before others.

    `skipped` are left out. None where nothing is left for the caller.
    """
    await claims.take_turns(session)
    one = filters.model_copy(update={"limit": 1})
    own = [item for item in await claims.own(session, caller=caller) if item not in skipped]
    items: list[QueueItem] = []
    if own:
        kept = [col(P.id).in_(own)]
        items = await _waiting(session, queue, one, settings, caller=caller, kept=kept)
    if not items:
        kept = [col(P.id).not_in(list(skipped))] if skipped else []
        items = await _waiting(
            session, queue, one, settings, caller=caller, kept=kept, free_only=True
        )
    lasting = timedelta(minutes=filters.minutes)
    held = await claims.hold(
        session, [item.id for item in items], queue, caller=caller, lasting=lasting
    )
    return next(
        (item.model_copy(update={"claim": held[item.id]}) for item in items if item.id in held),
        None,
    )


async def counts(
    session: AsyncSession, filters: QueueFilters, settings: Settings, *, caller: Caller
) -> Mapping[Queue, int]:
    """How many wait in each queue, to be reviewed by the caller; no more than MOST_COUNTED of each
    are counted."""
    numbers = []
    for queue in Queue:
        bounds, _ = _of_queue(queue, filters, settings, caller)
        row: Any = P.id
        rows = columns(row).where(*_shown(filters, caller), *bounds).limit(MOST_COUNTED).subquery()
        numbers.append(columns(func.count()).select_from(rows).scalar_subquery())
    row = (await session.execute(columns(*numbers))).one()
    return dict(zip(Queue, row, strict=True))


async def alike_to(
    session: AsyncSession, item: QueueItem, settings: Settings, *, caller: Caller
) -> Sequence[tuple[UUID, str]]:
    """Ids and texts of what waits unreviewed, free, and says nearly the same as the item: one label
    may settle all of them. The newest CANDIDATES are looked at."""
    read = func.left(P.prompt, COMPARED_CHARACTERS)
    waiting = (
        visible(caller),
        col(P.task) == item.task,
        col(P.id) != item.id,
        col(P.output).is_(None),
        _recent(settings),
        _unreviewed(),
        ~claims.held(col(P.id)),
    )
    parts: Any = (P.id, read)
    newest = columns(*parts).where(*waiting).order_by(col(P.id).desc()).limit(CANDIDATES)
    others = [(one, words) for one, words in await session.execute(newest)]
    near = await asyncio.to_thread(alike, item.prompt[:COMPARED_CHARACTERS], others)
    return near[:MOST_ALIKE]


async def _waiting(
    session: AsyncSession,
    queue: Queue,
    filters: QueueFilters,
    settings: Settings,
    *,
    caller: Caller,
    kept: Sequence[ColumnElement[bool]] = (),
    free_only: bool = False,
) -> list[QueueItem]:
    bounds, first = _of_queue(queue, filters, settings, caller)
    kept = [*_shown(filters, caller), *kept, *bounds]
    if queue is Queue.LABEL_NEXT:
        return await _label_next(session, kept, filters, settings, free_only=free_only)
    if free_only:
        kept.append(~claims.held(col(P.id)))
    rows = await session.exec(select(P).where(*kept).order_by(*first).limit(filters.limit))
    hidden = HIDDEN_FROM_A_CODER if queue is Queue.AUDIT else {}
    return [QueueItem.model_validate(row.model_dump() | hidden) for row in rows]


def _shown(filters: QueueFilters, caller: Caller) -> list[ColumnElement[bool]]:
    return [visible(caller), *([] if filters.task is None else [col(P.task) == filters.task])]


def _of_queue(
    queue: Queue, filters: QueueFilters, settings: Settings, caller: Caller
) -> tuple[list[ColumnElement[bool]], list[Any]]:
    """What is in the queue, and what comes first; label-next finds its order itself."""
    unsure = col(P.confidence) < filters.threshold
    match queue:
        case Queue.LOW_CONFIDENCE:
            return [unsure, _unreviewed()], [col(P.confidence), col(P.id)]
        case Queue.FAILED_WORKFLOW:
            return [col(P.was_successful) == false(), _unreviewed()], [col(P.id).desc()]
        case Queue.AUDIT:
            return _to_audit(settings, caller), [_draw(settings.audit_seed), col(P.id)]
        case Queue.LABEL_NEXT:
            return [unsure | col(P.confidence).is_(None), _unreviewed(), _recent(settings)], []


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
