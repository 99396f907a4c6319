"""Exports and their schedules by HTTP, for administrators."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.http.deps import AnswerDep, CallerDep, DbSession
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.kit.pages.forms import form_of
from nlu_shared.schemas.base import Moment
from nlu_shared.schemas.exports import ExportFormat, Schedule
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import FileResponse, HTMLResponse, Response, StreamingResponse

from nlu_logger.anonymise.text import Anonymiser
from nlu_logger.dashboard.exporting import service as history
from nlu_logger.dashboard.exporting.forms import (
    CRONS,
    WORDS,
    ExportIn,
    NewScheduleIn,
    ScheduleId,
)
from nlu_logger.dashboard.exporting.service import Before
from nlu_logger.dashboard.forms import Filled, invalid, kept_form, kept_query
from nlu_logger.dashboard.house import HOUSE, OPERATIONS, Administrator, administers, led
from nlu_logger.dashboard.inbox import queries
from nlu_logger.exports import routes as api
from nlu_logger.exports import schedules, service
from nlu_logger.exports.destinations import destinations
from nlu_logger.settings import Settings

EXPORTS = f"{OPERATIONS}/exports"
RETRAINED_FROM, REVIEWED_BELOW = 0.8, 0.7
router = APIRouter(prefix="/operations/exports", include_in_schema=False)


@router.get("")
async def show_exports(
    login: Administrator,
    session: DbSession,
    request: Request,
    schedule: UUID | None = None,
    before: Moment | None = None,
    beyond: UUID | None = None,
) -> HTMLResponse:
    """`before` and `beyond`: when the last export of the page before was due, and whose it is."""
    cursor = Before(before, beyond) if before and beyond else None
    return await _page(session, login, request, chosen=schedule, before=cursor)


@router.get("/file", dependencies=[administers])
async def download_written_file(
    schedule: UUID,
    at: Moment,
    name: str,
    session: DbSession,
    caller: CallerDep,
    request: Request,
) -> FileResponse:
    """A file that a schedule wrote on this machine; who got it is noted."""
    root = _settings(request).export_dir
    path = await history.file(session, root, caller=caller, schedule=schedule, at=at, name=name)
    saved = f"{path.parent.parent.name}-{path.parent.name}-{path.name}"
    return FileResponse(path, filename=saved, media_type="application/octet-stream")


@router.get("/download")
async def download_export(
    form: Annotated[Filled[ExportIn], kept_query(ExportIn, WORDS)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
    answer: AnswerDep,
    request: Request,
) -> Response:
    """The file of the API, as one that a browser saves; what is refused leads back to the form."""
    if form.refused is not None:
        submission = NewScheduleIn.model_construct(**dict(form.values))
        return await _page(session, login, request, refused=form.refused, submission=submission)
    return await _download(form.values, session, caller, answer, request)


async def _download(
    order: ExportIn, session: DbSession, caller: CallerDep, answer: AnswerDep, request: Request
) -> StreamingResponse:
    rules: Anonymiser = request.app.state.resources.anonymiser
    redact = rules.value if order.anonymise else service.unchanged
    seen = service.window(caller, task=order.task, days=order.days, now=datetime.now(UTC))
    common = seen, answer, session, caller
    if order.mode == "review":
        sent = await api.export_review(
            *common, redact, {}, order.threshold or REVIEWED_BELOW, order.format
        )
    else:
        chosen = service.Selection(
            min_confidence=RETRAINED_FROM if order.threshold is None else order.threshold,
            approved_only=order.approved_only,
        )
        sent = await api.export_retraining(
            seen, chosen, answer, session, caller, redact, {}, order.format
        )
    name = f"{order.mode}-{datetime.now(UTC):%Y-%m-%d}.{order.format}"
    sent.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return sent


@router.post("")
async def add_schedule_by_form(
    form: Annotated[Filled[NewScheduleIn], kept_form(NewScheduleIn, WORDS)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
    request: Request,
) -> Response:
    targets = _targets(request)
    made = await attempt(session, _add(session, form, caller, targets))
    if isinstance(made, ServiceError):
        return await _page(session, login, request, refused=made, submission=form.values)
    return led(EXPORTS)


@router.post("/remove")
async def remove_schedule_by_form(
    submission: Annotated[ScheduleId, form_of(ScheduleId)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
    request: Request,
) -> Response:
    refused = await attempt(session, schedules.remove(session, submission.schedule, caller=caller))
    return await _page(session, login, request, refused=refused) if refused else led(EXPORTS)


async def _add(
    session: AsyncSession, form: Filled[NewScheduleIn], caller: Caller, targets: list[str]
) -> Schedule:
    try:
        body = form.taken().request()
    except ValidationError as wrong:
        raise invalid(wrong, WORDS) from None
    return await schedules.add(session, body, caller=caller, targets=targets)


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.resources.settings
    return settings


def _targets(request: Request) -> list[str]:
    settings = _settings(request)
    return list(destinations(settings.export_dir, settings.export_store))


async def _page(
    session: AsyncSession,
    login: Login,
    request: Request,
    *,
    chosen: UUID | None = None,
    before: Before | None = None,
    refused: ServiceError | None = None,
    submission: NewScheduleIn | None = None,
) -> HTMLResponse:
    """The page.

    session: as the administrator sees the rows.
    login: whose page it is.
    request: what is configured is known by it.
    chosen: the schedule whose exports alone are shown.
    before: where the page of what was written begins.
    refused: why nothing was done.
    submission: what was typed in a form.
    """
    caller, root = login.caller, _settings(request).export_dir
    written = await history.page(session, root, caller=caller, schedule=chosen, before=before)
    return HOUSE.page(
        "exports.html",
        login,
        status=refused.status if refused else 200,
        at=OPERATIONS,
        schedules=await schedules.listed(session, caller=caller),
        tasks=await queries.tasks(session, caller=caller),
        targets=_targets(request),
        formats=list(ExportFormat),
        crons=CRONS,
        chosen=chosen,
        before=before,
        written=written,
        refused=refused,
        submission=submission,
    )
