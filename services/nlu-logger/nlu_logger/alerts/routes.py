"""Alert rules and their history, for administrators."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.data.db import Database
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires, settings_of
from nlu_shared.kit.http.parameters import MOST, AnyTask, Before, Since, Until
from nlu_shared.schemas.alerts import Alert, AlertIn, Incident, IncidentInBrief
from nlu_shared.schemas.base import Page

from nlu_logger.alerts import service
from nlu_logger.settings import Settings

router = APIRouter(prefix="/v1/admin/alerts", tags=["admin"], dependencies=[requires(ADMIN)])
insights = APIRouter(
    prefix="/v1/insights/incidents", tags=["insights"], dependencies=[requires("insights:read")]
)
USUAL = timedelta(days=7)
AlertId = Annotated[UUID, Path(description="the alert")]


@router.post("", status_code=201)
async def create_alert(
    body: AlertIn,
    session: DbSession,
    caller: CallerDep,
    settings: Annotated[Settings, Depends(settings_of)],
) -> Alert:
    """Watches production by a rule and tells its channels when an incident opens and ends."""
    return await service.create(session, body, caller=caller, settings=settings)


@router.get("")
async def list_alerts(session: DbSession, caller: CallerDep) -> list[Alert]:
    """Alerts about the caller's tasks, oldest first."""
    return await service.every(session, caller=caller)


@router.delete("/{alert_id}", status_code=204)
async def delete_alert(alert_id: AlertId, session: DbSession, caller: CallerDep) -> None:
    """With its incidents and what is still to be sent."""
    await service.delete(session, alert_id, caller=caller)


@insights.get("")
async def insight_incidents(
    request: Request,
    caller: CallerDep,
    since: Since = None,
    until: Until = None,
    task: AnyTask = None,
) -> Page[IncidentInBrief]:
    """Incidents of the alerts about the caller's tasks that opened in a time, without a
    beginning since 7 days ago; the newest 200 first."""
    database: Database = request.app.state.resources.database
    now = datetime.now(UTC)
    return await service.in_brief(
        database, caller=caller, task=task, since=since or now - USUAL, until=until or now
    )


@router.get("/{alert_id}/incidents")
async def list_incidents(
    alert_id: AlertId,
    session: DbSession,
    caller: CallerDep,
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=1000, description=MOST)] = 100,
) -> Page[Incident]:
    """Incidents of an alert, the newest first, each with what was sent of it."""
    return await service.incidents(session, alert_id, caller=caller, before=before, limit=limit)
