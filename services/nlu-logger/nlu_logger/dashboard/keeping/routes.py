"""Retention by HTTP, for administrators of every task."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from nlu_shared.kit.data.db import Identity, session_scope
from nlu_shared.kit.http.deps import DbSession, of_every_task, settings_of
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import HTMLResponse

from nlu_logger.dashboard.house import HOUSE, OPERATIONS, Administrator, administers
from nlu_logger.dashboard.keeping import queries
from nlu_logger.migrations import JOB
from nlu_logger.predictions import partitions
from nlu_logger.privacy import jobs as retention
from nlu_logger.settings import Settings

router = APIRouter(prefix="/operations/retention", include_in_schema=False)
SettingsDep = Annotated[Settings, Depends(settings_of)]


async def _as_jobs_see(request: Request) -> AsyncIterator[AsyncSession]:
    """What only jobs may ask: no row of anybody's is among the answers."""
    async with session_scope(request.app.state.resources.database, Identity(JOB)) as session:
        yield session


JobSession = Annotated[AsyncSession, Depends(_as_jobs_see, scope="function")]


@router.get("", dependencies=[administers, of_every_task])
async def show_retention(
    login: Administrator, session: DbSession, jobs: JobSession, settings: SettingsDep
) -> HTMLResponse:
    kept = timedelta(days=settings.retention_days)
    return HOUSE.page(
        "retention.html",
        login,
        at=OPERATIONS,
        days=settings.retention_days,
        months=await queries.months(session, kept=kept),
        anonymised=await queries.kept_anonymised(session),
        astray=await partitions.without_month(jobs),
        waits=await retention.waits_for_a_person(jobs),
        actor=retention.ACTOR,
        now=datetime.now(UTC),
    )
