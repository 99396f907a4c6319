"""Alerts by HTTP, for administrators."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.kit.pages.forms import form_of
from nlu_shared.schemas.alerts import Alert
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import HTMLResponse, Response

from nlu_logger.alerts import service as alerts
from nlu_logger.dashboard.alerting import forms as wording
from nlu_logger.dashboard.alerting import queries
from nlu_logger.dashboard.alerting.forms import WORDS, AlertId, NewAlertIn
from nlu_logger.dashboard.forms import Filled, invalid, kept_form
from nlu_logger.dashboard.house import HOUSE, OPERATIONS, Administrator, led
from nlu_logger.settings import Settings

ALERTS = f"{OPERATIONS}/alerts"
INCIDENTS = 500
router = APIRouter(prefix="/operations/alerts", include_in_schema=False)


@router.get("")
async def show_alerts(
    login: Administrator, session: DbSession, caller: CallerDep, alert: UUID | None = None
) -> HTMLResponse:
    return await _page(session, login, chosen=alert)


@router.post("")
async def add_alert(
    form: Annotated[Filled[NewAlertIn], kept_form(NewAlertIn, WORDS)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
    settings: Annotated[Settings, Depends(settings_of)],
) -> Response:
    made = await attempt(session, _create(session, form, settings, caller))
    if isinstance(made, ServiceError):
        return await _page(session, login, refused=made, submission=form.values)
    return led(f"{ALERTS}#{made.id}")


@router.post("/remove")
async def remove_alert(
    submission: Annotated[AlertId, form_of(AlertId)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
) -> Response:
    refused = await attempt(session, alerts.delete(session, submission.alert, caller=caller))
    return await _page(session, login, refused=refused) if refused else led(ALERTS)


async def _create(
    session: AsyncSession, form: Filled[NewAlertIn], settings: Settings, caller: Caller
) -> Alert:
    try:
        request = form.taken().request()
    except ValidationError as wrong:
        raise invalid(wrong, WORDS) from None
    return await alerts.create(session, request, caller=caller, settings=settings)


async def _page(
    session: AsyncSession,
    login: Login,
    *,
    chosen: UUID | None = None,
    refused: ServiceError | None = None,
    submission: NewAlertIn | None = None,
) -> HTMLResponse:
    caller, now = login.caller, datetime.now(UTC)
    listed = await alerts.every(session, caller=caller)
    incidents = None
    if chosen is not None:
        page = await alerts.incidents(session, chosen, caller=caller, before=None, limit=INCIDENTS)
        incidents = page.items
    return HOUSE.page(
        "alerts.html",
        login,
        status=refused.status if refused else 200,
        at=OPERATIONS,
        alerts=listed,
        opened=await queries.opened(session),
        measured=await queries.measured(session, listed, now=now),
        now=now,
        chosen=chosen,
        incidents=incidents,
        refused=refused,
        submission=submission,
        wording=wording,
    )
