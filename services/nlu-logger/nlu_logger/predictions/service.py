"""Logging many at once, reading back, and outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.data.orders import ordered
from nlu_shared.kit.data.pages import cut
from nlu_shared.kit.errors import Forbidden, Invalid, NotFound, ServiceError
from nlu_shared.kit.http.plain import check_line
from nlu_shared.kit.order import NEWEST, Order
from nlu_shared.kit.refusals import places
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.predictions import (
    BATCH_LIMIT,
    BatchAnswer,
    BatchResult,
    Ids,
    Known,
    OutcomeIn,
    Prediction,
    PredictionIn,
)
from pydantic import ValidationError
from sqlalchemy import ColumnElement, func, text, true
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from nlu_logger.predictions import ingest
from nlu_logger.predictions.columns import holds, sorts
from nlu_logger.predictions.ingest import Entry, IdConflict, Ingest, Written
from nlu_logger.predictions.models import PredictionRow
from nlu_logger.settings import Settings

LOOKED_THROUGH = 50_000
"""Rows whose texts one page of a search reads, at most."""
ERASED = text("SELECT id FROM erased_predictions WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a listing keeps; None keeps everything."""

    intent: str | None = None
    task: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None
    successful: bool | None = None
    corrected: bool | None = None
    user: UUID | None = None
    model_version: str | None = None
    prompt_version: str | None = None
    conversation: UUID | None = None
    text: str | None = None
    below: float | None = None
    ended: bool | None = None
    drawn: tuple[int, float] | None = None
    truth: str | None = None
    """The label that is right, as an approved correction or confirmation has it."""


def read_batch(body: bytes, content_type: str) -> list[object]:
    """The items of a JSON array or of NDJSON; an NDJSON line that is no JSON stands as an error.

    Raises Invalid for anything else, and for more than BATCH_LIMIT items.
    """
    if content_type.startswith("application/x-ndjson"):
        items: list[object] = [_line(line) for line in body.splitlines() if line.strip()]
    else:
        parsed = check_line(body)
        if not isinstance(parsed, list):
            raise Invalid("Send a JSON array, or NDJSON as application/x-ndjson.")
        items = parsed
    if len(items) > BATCH_LIMIT:
        raise Invalid(f"At most {BATCH_LIMIT} items in one batch.", code="batch_too_long")
    return items


def _line(line: bytes) -> object:
    try:
        return check_line(line)
    except Invalid as unreadable:
        return unreadable


async def log_batch(
    writer: Ingest, items: Sequence[object], caller: Caller, settings: Settings
) -> BatchAnswer:
    """One result per item, in order; a bad item never rejects its neighbours.

    Raises Unavailable when nothing can be stored now: then the whole batch can be sent again.
    """
    now = datetime.now(UTC)
    judged = [_judge(item, caller, settings, now=now) for item in items]
    entries = [one for one in judged if isinstance(one, Entry)]
    written = iter(await writer.submit_all(entries) if entries else [])
    return BatchAnswer(
        items=[
            _stored(index, one, next(written)) if isinstance(one, Entry) else _refused(index, one)
            for index, one in enumerate(judged)
        ]
    )


def _judge(
    item: object, caller: Caller, settings: Settings, *, now: datetime
) -> Entry | ServiceError:
    if isinstance(item, Invalid):
        return item
    try:
        return ingest.admit(PredictionIn.model_validate(item), caller, settings, now=now)
    except ValidationError as wrong:
        return Invalid(places(wrong, PredictionIn))
    except (Forbidden, Invalid) as refused:
        return refused


def _stored(index: int, entry: Entry, written: Written) -> BatchResult:
    if written is Written.CONFLICT:
        return _refused(index, IdConflict())
    return BatchResult(index=index, status=ingest.STATUS[written], log_id=entry.id)


def _refused(index: int, error: ServiceError) -> BatchResult:
    return BatchResult.model_validate(
        {"index": index, "status": error.status, "code": error.code, "detail": str(error)}
    )


async def get(session: AsyncSession, prediction_id: UUID, *, caller: Caller) -> PredictionRow:
    """Raises NotFound for what does not exist, and for what the caller may not see."""
    row = await session.get(PredictionRow, prediction_id, populate_existing=True)
    if row is None or not caller.may_touch(row.task):
        raise NotFound("There is no such prediction.")
    return row


async def known(session: AsyncSession, ids: Ids, *, caller: Caller) -> Known:
    """What another user logged is as unknown as what nobody did. What was erased is known: whoever
    asks would send what is not."""
    table = PredictionRow
    rows = await session.exec(select(table.id).where(col(table.id).in_(ids.ids), visible(caller)))
    erased = await session.execute(ERASED, {"ids": ids.ids})
    there = {*rows, *erased.scalars()}
    return Known(known=[one for one in ids.ids if one in there])


def visible(caller: Caller) -> ColumnElement[bool]:
    """The tasks a key is limited to; whose rows a user sees, row-level security decides."""
    return true() if caller.tasks is None else col(PredictionRow.task).in_(caller.tasks)


async def page(
    session: AsyncSession,
    kept: Filters,
    *,
    caller: Caller,
    before: UUID | None,
    limit: int,
    order: Order = NEWEST,
) -> Page[Prediction]:
    """Predictions, newest first or in an order, and then of the newest LOOKED_THROUGH; rows of
    others are not there for an end user."""
    table = PredictionRow
    bounds: list[Any] = [
        None if kept.intent is None else table.predicted_intent == kept.intent,
        None if kept.task is None else table.task == kept.task,
        None if kept.since is None else col(table.id) >= first_id(kept.since),
        None if kept.until is None else col(table.id) < first_id(kept.until),
        None if kept.min_confidence is None else col(table.confidence) >= kept.min_confidence,
        None if kept.max_confidence is None else col(table.confidence) <= kept.max_confidence,
        None if kept.successful is None else col(table.was_successful).is_(kept.successful),
        None if kept.corrected is None else _corrected(kept.corrected),
        None if kept.user is None else table.user_id == kept.user,
        None if kept.model_version is None else table.model_version == kept.model_version,
        None if kept.prompt_version is None else table.prompt_version == kept.prompt_version,
        None if kept.conversation is None else table.conversation_id == kept.conversation,
        None if kept.below is None else col(table.confidence) < kept.below,
        None if kept.ended is None else col(table.was_successful).is_not(None) == kept.ended,
        None if kept.drawn is None else _drawn(*kept.drawn),
        None if kept.truth is None else _is(kept.truth),
        None if before is None or order != NEWEST else col(table.id) < before,
        visible(caller),
    ]
    statement = (
        select(table)
        .where(*(bound for bound in bounds if bound is not None))
        .order_by(col(table.id).desc())
    )
    if order != NEWEST:
        return await _ordered(session, statement, kept.text, order, before=before, limit=limit)
    if kept.text is not None:
        return await _searched(session, statement, kept.text, limit=limit)
    page, cursor = cut((await session.exec(statement.limit(limit + 1))).all(), limit)
    return Page(items=[view(row) for row in page], next_cursor=cursor)


async def _searched(
    session: AsyncSession, statement: SelectOfScalar[PredictionRow], words: str, *, limit: int
) -> Page[Prediction]:
    """A page of those whose prompt holds `words`, whatever their case.

    No index knows substrings, so each page looks through LOOKED_THROUGH rows at most, the newest
    first. A page may thus be short or empty and still not be the last.
    """
    window = statement.limit(LOOKED_THROUGH).subquery()
    row = aliased(PredictionRow, window)
    holding = select(row).where(holds(row.prompt, words)).order_by(col(row.id).desc())
    matching = (await session.exec(holding.limit(limit + 1))).all()
    page, cursor = cut(matching, limit)
    if cursor is None:
        last = (await session.exec(statement.offset(LOOKED_THROUGH - 1).limit(1))).one_or_none()
        cursor = None if last is None else str(last.id)
    return Page(items=[view(one) for one in page], next_cursor=cursor)


async def _ordered(
    session: AsyncSession,
    statement: SelectOfScalar[PredictionRow],
    words: str | None,
    order: Order,
    *,
    before: UUID | None,
    limit: int,
) -> Page[Prediction]:
    window = statement.limit(LOOKED_THROUGH).subquery()
    row = aliased(PredictionRow, window)
    among = select(row) if words is None else select(row).where(holds(row.prompt, words))
    rows = await ordered(session, among, sorts(row), order, id=row.id, before=before)
    page, cursor = cut((await session.execute(rows.limit(limit + 1))).scalars().all(), limit)
    return Page(items=[view(one) for one in page], next_cursor=cursor)


def first_id(at: datetime) -> UUID:
    """The smallest id of that moment: rows are found by id, since that is what parts the table."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)


def _drawn(seed: int, share: float) -> Any:
    return func.audit_draw(col(PredictionRow.id), seed) < share


def _is(truth: str) -> Any:
    """The newest approved word on it is that it is this label."""
    return text(
        """
        (SELECT CASE WHEN c.is_confirmation THEN nlu_prompt_logs.predicted_intent
                ELSE c.corrected_intent END
            FROM corrections c
            WHERE c.prediction_id = nlu_prompt_logs.id AND c.status = 'approved'
            ORDER BY c.decided_at DESC, c.id DESC LIMIT 1) = :truth
        """
    ).bindparams(truth=truth)


def _corrected(is_corrected: bool) -> Any:
    column = col(PredictionRow.corrected_intent)
    return column.is_not(None) if is_corrected else column.is_(None)


def view(row: PredictionRow) -> Prediction:
    return Prediction.model_validate(row.model_dump())


async def record_outcome(
    session: AsyncSession, prediction_id: UUID, outcome: OutcomeIn, *, caller: Caller
) -> Prediction:
    """How the work that followed ended; the newest word stands, the same word adds nothing."""
    await get(session, prediction_id, caller=caller)
    await session.execute(
        text(
            """
            UPDATE nlu_prompt_logs SET was_successful = :was_successful,
            workflow_type = :workflow_type, execution_error = :execution_error,
            updated_at = now()
            WHERE id = :id AND (was_successful, workflow_type, execution_error)
            IS DISTINCT FROM (:was_successful, :workflow_type, :execution_error)
            """
        ),
        {"id": prediction_id, **outcome.model_dump()},
    )
    return view(await get(session, prediction_id, caller=caller))
