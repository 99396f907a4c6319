"""Exports by HTTP: in constant memory, from one moment of the database, at the client's pace."""

from collections.abc import AsyncGenerator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.http.buffering import TimedStream
from nlu_shared.kit.http.deps import AnswerDep, CallerDep, DbSession, Snapshot, requires
from nlu_shared.kit.http.openapi import UNKNOWN_IS_EMPTY
from nlu_shared.kit.http.parameters import AnyTask
from nlu_shared.kit.http.pieces import array_of, lines_of
from nlu_shared.schemas.exports import (
    ExportedRow,
    ExportFormat,
    Pair,
    ReviewRow,
    Schedule,
    ScheduleIn,
    ScheduleRun,
)
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from nlu_logger.anonymise.text import NOT_FOUND_BY_RULES, Anonymiser
from nlu_logger.exports import disclosures, schedules, service
from nlu_logger.exports.destinations import destinations
from nlu_logger.exports.formats import MEDIA_TYPES
from nlu_logger.exports.service import Redactor, Selection, Window

router = APIRouter(prefix="/v1/exports", tags=["exports"], dependencies=[requires("exports:read")])
admin = APIRouter(prefix="/v1/admin/schedules", tags=["admin"], dependencies=[requires(ADMIN)])
TEXT = {"type": "string"}
BYTES = {"type": "string", "format": "binary"}


def _files_of(row: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Files of such rows, in each format."""
    schemas = {
        ExportFormat.JSONL: lines_of(row.__name__),
        ExportFormat.CSV: {"schema": TEXT},
        ExportFormat.JSON: array_of(row.__name__),
        ExportFormat.PARQUET: {"schema": BYTES},
    }
    return {
        200: {
            "content": {kind.partition(";")[0]: schemas[form] for form, kind in MEDIA_TYPES.items()}
        }
    }


NOT_FOUND_HEADER = "Not-Found-By-Rules"
LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPES[ExportFormat.JSONL]: lines_of(Pair.__name__)}}
}
ScheduleId = Annotated[UUID, Path(description="the schedule")]
Anonymise = Annotated[bool, Query(description="take out what rules find of people")]


def _window(
    caller: CallerDep,
    task: AnyTask = None,
    days: Annotated[
        int | None,
        Query(ge=1, le=service.MOST_DAYS, description="so many days back; else all"),
    ] = None,
) -> Window:
    return service.window(caller, task=task, days=days, now=datetime.now(UTC))


def _selection(
    min_confidence: Annotated[
        float, Query(ge=0, le=1, description="of predictions that nobody corrected, at least")
    ] = 0.8,
    approved_only: Annotated[
        bool, Query(description="leave out corrections that nobody has approved")
    ] = False,
) -> Selection:
    return Selection(min_confidence=min_confidence, approved_only=approved_only)


async def _redactor(request: Request, anonymise: Anonymise = False) -> Redactor:
    """`anonymise=true` takes out what rules find; the header says what they do not."""
    rules: Anonymiser = request.app.state.resources.anonymiser
    return rules.value if anonymise else service.unchanged


def _notice(anonymise: Anonymise = False) -> dict[str, str]:
    return {NOT_FOUND_HEADER: "; ".join(NOT_FOUND_BY_RULES)} if anonymise else {}


Begun = tuple[None, AsyncGenerator[bytes, None]]
WindowDep = Annotated[Window, Depends(_window)]
SelectionDep = Annotated[Selection, Depends(_selection)]
RedactorDep = Annotated[Redactor, Depends(_redactor)]
NoticeHeaders = Annotated[dict[str, str], Depends(_notice)]
FormatQuery = Annotated[ExportFormat, Query(alias="format", description="of the file")]


@router.get("/retraining", response_class=StreamingResponse, responses=_files_of(ExportedRow))
async def export_retraining(
    seen: WindowDep,
    selection: SelectionDep,
    answer: AnswerDep,
    session: DbSession,
    caller: CallerDep,
    redact: RedactorDep,
    notice: NoticeHeaders,
    form: FormatQuery = ExportFormat.JSONL,
) -> StreamingResponse:
    """Corrected predictions plus those of high confidence that nobody corrected, oldest first."""
    filters = {**seen.filters(), **asdict(selection), "format": form}
    await disclosures.record(session, "retraining", to=caller.subject, filters=filters)

    async def begin(snapshot: Any) -> Begun:
        return None, service.retraining(snapshot, seen, selection, form, redact).pieces()

    await answer.fill(begin)
    return answer.response(MEDIA_TYPES[form], notice)


@router.get("/review", response_class=StreamingResponse, responses=_files_of(ReviewRow))
async def export_review(
    seen: WindowDep,
    answer: AnswerDep,
    session: DbSession,
    caller: CallerDep,
    redact: RedactorDep,
    notice: NoticeHeaders,
    confidence_threshold: Annotated[
        float, Query(ge=0, le=1, description="predictions that are less sure than this")
    ] = 0.7,
    form: FormatQuery = ExportFormat.JSONL,
) -> StreamingResponse:
    """Predictions below the threshold of which nobody has said anything, to be filled in."""
    filters = {**seen.filters(), "confidence_threshold": confidence_threshold, "format": form}
    await disclosures.record(session, "review", to=caller.subject, filters=filters)

    async def begin(snapshot: Any) -> Begun:
        return None, service.review(snapshot, seen, confidence_threshold, form, redact).pieces()

    await answer.fill(begin)
    return answer.response(MEDIA_TYPES[form], notice)


@router.get("/pairs", response_class=StreamingResponse, responses=LINES)
async def export_pairs(
    seen: WindowDep,
    selection: SelectionDep,
    snapshot: Snapshot,
    request: Request,
    session: DbSession,
    caller: CallerDep,
    redact: RedactorDep,
    notice: NoticeHeaders,
    seed: Annotated[int, Query(ge=0, lt=2**63, description="of what is drawn at random")] = 0,
    per_text: Annotated[int, Query(ge=1, le=10, description="most of either kind per text")] = 2,
    texts: Annotated[int, Query(ge=2, le=20_000, description="most rows to pair")] = 5_000,
) -> StreamingResponse:
    """Contrastive pairs of the retraining rows: the same data and seed make the same pairs.

    More than `texts` rows: that many are drawn by the seed.
    """
    drawn = await service.labelled(snapshot, seen, selection, seed=seed, limit=texts, redact=redact)
    filters = {
        **seen.filters(),
        **asdict(selection),
        "seed": seed,
        "per_text": per_text,
        "texts": texts,
    }
    await disclosures.record(session, "pairs", to=caller.subject, filters=filters)
    lines = service.pairs(drawn, seed=seed, per_text=per_text)
    return TimedStream(
        lines,
        media_type=MEDIA_TYPES[ExportFormat.JSONL],
        headers=notice,
        send_seconds=request.app.state.resources.buffers.send_seconds,
    )


async def _targets(request: Request) -> list[str]:
    settings = request.app.state.resources.settings
    return list(destinations(settings.export_dir, settings.export_store))


@admin.post("", status_code=201, responses={409: {"description": "A schedule has this name"}})
async def add_schedule(
    body: ScheduleIn,
    session: DbSession,
    caller: CallerDep,
    targets: Annotated[list[str], Depends(_targets)],
) -> Schedule:
    """Weekly unless told otherwise; cron expressions speak UTC. After downtime the newest export
    is written and the older ones are counted as missed."""
    return await schedules.add(session, body, caller=caller, targets=targets)


@admin.get("")
async def list_schedules(session: DbSession, caller: CallerDep) -> list[Schedule]:
    """Schedules that export no task but the caller's."""
    return await schedules.listed(session, caller=caller)


@admin.delete("/{schedule_id}", status_code=204)
async def remove_schedule(schedule_id: ScheduleId, session: DbSession, caller: CallerDep) -> None:
    """Writes no more; its history goes, the files stay."""
    await schedules.remove(session, schedule_id, caller=caller)


@admin.get("/{schedule_id}/runs", openapi_extra=UNKNOWN_IS_EMPTY)
async def list_schedule_runs(
    schedule_id: ScheduleId, session: DbSession, caller: CallerDep
) -> list[ScheduleRun]:
    """The newest thousand files of a schedule; none of one that is unknown."""
    return await schedules.runs(session, schedule_id, caller=caller)
