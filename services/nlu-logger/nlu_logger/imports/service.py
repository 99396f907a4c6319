"""Bringing files in: each line is said as a person would say it, and gets its own answer.

A line that is refused stops no other; what is there already is not added again. Locks are taken
in the order of `reviews.decisions`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from nlu_shared.files.rows import Line
from nlu_shared.kit.access import audit
from nlu_shared.kit.access.auth import Caller, own_task
from nlu_shared.kit.data.db import Database, Identity, session_scope
from nlu_shared.kit.errors import Conflict, Forbidden, Invalid, NotFound
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.ground_truth import GroundTruthIn
from nlu_shared.schemas.imports import (
    IMPORT_LIMIT,
    HistoryAnswer,
    HistoryLine,
    ImportAnswer,
    LineResult,
    ReviewedLine,
)
from nlu_shared.schemas.reviews import ApprovalIn
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.ground_truth.models import GroundTruthRow
from nlu_logger.imports import erasures, storing
from nlu_logger.imports.history import Record, fits
from nlu_logger.imports.labelled import Case, Labelling, cases_of
from nlu_logger.imports.results import (
    CREATED,
    REPEATED,
    erased,
    left_aside,
    refused,
    skipped,
    summed,
    understood,
)
from nlu_logger.predictions.ingest import IdOutOfRange
from nlu_logger.reviews import decisions
from nlu_logger.reviews import service as reviews
from nlu_logger.settings import Settings

REFUSALS = (Conflict, Forbidden, Invalid, NotFound)


@dataclass(frozen=True, slots=True)
class Saying:
    """How corrections are said: approved at once or not, new labels on purpose or not."""

    settings: Settings
    approve: bool
    allow_new: bool


async def import_corrections(
    session: AsyncSession,
    lines: Iterable[Line],
    how: Saying,
    *,
    caller: Caller,
) -> ImportAnswer:
    """The filled review file: another label corrects a prediction, its own confirms it.

    Raises Forbidden where approval is asked for by somebody who may not decide.
    """
    rows, results = understood(lines, ReviewedLine)
    results += [skipped(line) for line, row in rows if row.corrected_intent is None]
    corrections = [(line, row) for line, row in rows if row.corrected_intent is not None]
    ids = await _ids(session, [row.id for _, row in corrections])
    known = [(ids[row.id], line, row) for line, row in corrections if row.id in ids]
    results += [refused(line, NotFound()) for line, row in corrections if row.id not in ids]
    gone = await erasures.predictions(session, [identifier for identifier, _, _ in known])
    results += [erased(line) for identifier, line, _ in known if identifier in gone]
    known = [one for one in known if one[0] not in gone]
    await _hold(session, [identifier for identifier, _, _ in known], how, caller=caller)
    for identifier, line, row in sorted(known, key=lambda one: one[:2]):
        label = (row.corrected_intent, row.notes)
        results.append(await _say(session, line, identifier, label, how, caller=caller))
    return await _answer(session, results, action="corrections.import", caller=caller)


async def _ids(session: AsyncSession, source_ids: Sequence[str]) -> dict[str, UUID]:
    """Our id of each: it is ours already, or an imported prediction had it before."""
    stored = await session.execute(
        text("SELECT source_id, id FROM nlu_prompt_logs WHERE source_id = ANY(:source_ids)"),
        {"source_ids": list(source_ids)},
    )
    before = {row.source_id: row.id for row in stored}
    ids: dict[str, UUID] = {}
    for one in source_ids:
        try:
            ids[one] = before[one] if one in before else UUID(one)
        except ValueError:
            continue
    return ids


async def _hold(
    session: AsyncSession, prediction_ids: Sequence[UUID], how: Saying, *, caller: Caller
) -> None:
    """Takes at once, in the order of decisions, the locks under which predictions are changed."""
    if how.approve:
        if not caller.has("reviews:decide"):
            raise Forbidden("The scope reviews:decide is needed to approve.")
        await session.execute(
            text(
                "SELECT id FROM corrections WHERE prediction_id = ANY(:ids) ORDER BY id FOR UPDATE"
            ),
            {"ids": list(prediction_ids)},
        )
    await ground_truth.lock(session)


async def _say(
    session: AsyncSession,
    line: int,
    prediction_id: UUID,
    label: tuple[str | None, str | None],
    how: Saying,
    *,
    caller: Caller,
) -> LineResult:
    """`label` comes with its notes."""
    try:
        made = await reviews.answer(
            session,
            prediction_id,
            *label,
            allow_new=how.allow_new,
            caller=caller,
            settings=how.settings,
        )
        if how.approve:
            approval = ApprovalIn(allow_new=how.allow_new)
            await decisions.approve(session, made.row.id, approval, how.settings, caller=caller)
    except REFUSALS as error:
        return refused(line, error)
    status = CREATED if made.is_new else REPEATED
    return LineResult(line=line, status=status, id=made.row.id, warning=made.warning)


async def import_truth(
    session: AsyncSession, lines: Iterable[Line], how: Labelling, *, caller: Caller
) -> ImportAnswer:
    """Labelled rows, or discussions of the extraction export, as approved cases of one task.

    Raises Forbidden for a task outside the caller's key, Invalid for more than IMPORT_LIMIT cases.
    """
    own_task(caller, how.task)
    cases = [
        (LineResult(line=line.number, item=item, status=CREATED), case)
        for line in lines
        for item, case in cases_of(line, how)
    ]
    if len(cases) > IMPORT_LIMIT:
        raise Invalid(f"At most {IMPORT_LIMIT} cases at once.", code="import_too_long")
    await ground_truth.lock(session)
    there = await _there(session, how.task, [case for _, case in cases])
    results = [await _add(session, place, case, there, caller=caller) for place, case in cases]
    return await _answer(session, results, action="ground_truth.import", caller=caller)


async def _there(session: AsyncSession, task: str, cases: Iterable[Case]) -> set[UUID]:
    keys = [
        ground_truth.text_key(one.text, one.stored_context)
        for one in cases
        if isinstance(one, GroundTruthIn)
    ]
    ids = await session.exec(
        select(GroundTruthRow.id).where(
            GroundTruthRow.task == task, col(GroundTruthRow.text_key).in_(keys)
        )
    )
    return set(ids)


async def _add(
    session: AsyncSession, place: LineResult, case: Case, there: set[UUID], *, caller: Caller
) -> LineResult:
    """Adds what it made to `there`: the same text further down is a repeat."""
    if case is None:
        return skipped(place.line)
    try:
        if isinstance(case, Invalid):
            raise case
        made = await ground_truth.add(session, case, caller=caller)
    except REFUSALS as error:
        return refused(place.line, error, item=place.item)
    status = REPEATED if made.id in there else CREATED
    there.add(made.id)
    return place.model_copy(update={"status": status, "id": made.id, "warning": made.warning})


async def import_history(
    database: Database,
    identity: Identity,
    lines: Iterable[Line],
    how: Saying,
    *,
    task: str,
    now: datetime,
    caller: Caller,
) -> HistoryAnswer:
    """Rows of the original table with their outcomes; their corrections are proposed.

    Each month is made in a transaction of its own, since that closes the table for a moment.
    """
    own_task(caller, task)
    lines = list(lines)
    rows, results = understood(lines, HistoryLine)
    latest = now + timedelta(hours=how.settings.ahead_hours)
    results += [refused(line, IdOutOfRange()) for line, row in rows if not fits(row, latest=latest)]
    records = [Record(line, row, task) for line, row in rows if fits(row, latest=latest)]
    for month in sorted({one.month for one in records}):
        async with session_scope(database, identity) as session:
            await session.execute(text("SELECT ensure_prediction_month(:month)"), {"month": month})
    async with session_scope(database, identity) as session:
        await erasures.hold_off(session)
        gone = await erasures.among(session, records, key=secret(how.settings.anonymise_key))
        results += [erased(one.line) for one in records if one.line in gone]
        records = [one for one in records if one.line not in gone]
        stored = await storing.store(session, records)
        corrections = await _repeat_corrections(session, records, stored, how, caller=caller)
        results += (corrections.get(line, result) for line, result in stored.items())
        answer = await _answer(session, results, action="predictions.import", caller=caller)
    oldest = now - timedelta(days=how.settings.retention_days)
    return HistoryAnswer(
        **dict(answer),
        ignored=left_aside(lines, HistoryLine),
        past_retention=sum(one.row.created_at < oldest for one in records),
    )


async def _repeat_corrections(
    session: AsyncSession,
    records: Sequence[Record],
    stored: Mapping[int, LineResult],
    how: Saying,
    *,
    caller: Caller,
) -> dict[int, LineResult]:
    """Says what was corrected then; by line, what was refused of it."""
    corrections = sorted(
        (one.id, one.line, one.row)
        for one in records
        if one.row.corrected_intent is not None and stored[one.line].id is not None
    )
    await _hold(session, [one for one, _, _ in corrections], how, caller=caller)
    failed = {}
    for identifier, line, row in corrections:
        label = (row.corrected_intent, row.correction_notes)
        result = await _say(session, line, identifier, label, how, caller=caller)
        if result.status not in (CREATED, REPEATED):
            failed[line] = result
    return failed


async def _answer(
    session: AsyncSession, results: Sequence[LineResult], *, action: str, caller: Caller
) -> ImportAnswer:
    """The audit log holds how many of each kind there were, and never what."""
    answer = summed(results)
    counts = answer.model_dump(exclude={"items"})
    await audit.record(session, actor=caller.subject, action=action, subject="file", **counts)
    return answer
