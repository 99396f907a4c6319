"""Alert rules and their history, for administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires, settings_of
from nlu_shared.kit.http.parameters import MOST, Before
from nlu_shared.schemas.alerts import Alert, AlertIn, Incident
from nlu_shared.schemas.base import Page

from nlu_logger.alerts import service
from nlu_logger.settings import Settings

router = APIRouter(prefix="/v1/admin/alerts", tags=["admin"], dependencies=[requires(ADMIN)])
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
