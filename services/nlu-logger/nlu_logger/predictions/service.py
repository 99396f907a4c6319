"""Logging many at once, reading back, and outcomes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nlu_shared.kit.auth import Caller
from nlu_shared.kit.errors import Invalid, NotFound, ServiceError
from nlu_shared.kit.guard import check_line
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.predictions import (
    BATCH_LIMIT,
    BatchAnswer,
    BatchResult,
    OutcomeIn,
    Prediction,
    PredictionIn,
)
from pydantic import ValidationError
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.predictions import ingest
from nlu_logger.predictions.ingest import Ingest, Written
from nlu_logger.predictions.models import PredictionRow
from nlu_logger.settings import Settings


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
    results = await asyncio.gather(
        *(_log_item(writer, index, item, caller, settings) for index, item in enumerate(items))
    )
    return BatchAnswer(items=results)


async def _log_item(
    writer: Ingest, index: int, item: object, caller: Caller, settings: Settings
) -> BatchResult:
    try:
        if isinstance(item, Invalid):
            raise item
        entry = ingest.admit(
            PredictionIn.model_validate(item), caller, settings, now=datetime.now(UTC)
        )
        written = await ingest.log(writer, entry)
    except ValidationError as wrong:
        fields = {".".join(str(part)[:64] for part in one["loc"]) for one in wrong.errors()}
        return BatchResult(
            index=index, status=422, code="invalid", detail=f"See {', '.join(sorted(fields))}."
        )
    except ServiceError as refused:
        if refused.status == 503:
            raise
        status = 409 if refused.status == 409 else 422
        return BatchResult(index=index, status=status, code=refused.code, detail=refused.title)
    return BatchResult(
        index=index, status=201 if written is Written.CREATED else 200, log_id=entry.id
    )


async def get(session: AsyncSession, prediction_id: UUID) -> PredictionRow:
    row = await session.get(PredictionRow, prediction_id)
    if row is None:
        raise NotFound("There is no such prediction.")
    return row


async def page(
    session: AsyncSession,
    kept: Filters,
    *,
    caller: Caller,
    before: UUID | None,
    limit: int,
) -> Page[Prediction]:
    """Predictions, newest first; rows of others are not there for an end user."""
    table = PredictionRow
    bounds: list[Any] = [
        None if kept.intent is None else table.predicted_intent == kept.intent,
        None if kept.task is None else table.task == kept.task,
        None if kept.since is None else col(table.created_at) >= kept.since,
        None if kept.until is None else col(table.created_at) < kept.until,
        None if kept.min_confidence is None else col(table.confidence) >= kept.min_confidence,
        None if kept.max_confidence is None else col(table.confidence) <= kept.max_confidence,
        None if kept.successful is None else col(table.was_successful).is_(kept.successful),
        None if kept.corrected is None else _corrected(kept.corrected),
        None if kept.user is None else table.user_id == kept.user,
        None if kept.model_version is None else table.model_version == kept.model_version,
        None if before is None else col(table.id) < before,
        None if caller.tasks is None else col(table.task).in_(caller.tasks),
    ]
    rows = (
        await session.exec(
            select(table)
            .where(*(bound for bound in bounds if bound is not None))
            .order_by(col(table.id).desc())
            .limit(limit + 1)
        )
    ).all()
    return Page(
        items=[view(row) for row in rows[:limit]],
        next_cursor=str(rows[limit - 1].id) if len(rows) > limit else None,
    )


def _corrected(wanted: bool) -> Any:
    column = col(PredictionRow.corrected_intent)
    return column.is_not(None) if wanted else column.is_(None)


def view(row: PredictionRow) -> Prediction:
    return Prediction.model_validate(row.model_dump())


async def record_outcome(session: AsyncSession, prediction_id: UUID, said: OutcomeIn) -> Prediction:
    """How the work that followed ended; the newest word stands, the same word adds nothing."""
    await session.execute(
        text(
            "UPDATE nlu_prompt_logs SET was_successful = :was_successful,"
            " workflow_type = :workflow_type, execution_error = :execution_error,"
            " updated_at = now()"
            " WHERE id = :id AND (was_successful, workflow_type, execution_error)"
            " IS DISTINCT FROM (:was_successful, :workflow_type, :execution_error)"
        ),
        {"id": prediction_id, **said.model_dump()},
    )
    return view(await get(session, prediction_id))
