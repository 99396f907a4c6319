"""The overview by HTTP, and the rooms of the other pages. Every page needs a login, every change
its proof too."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Literal

from fastapi import Depends
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.schemas.base import Slug
from starlette.responses import HTMLResponse

from nlu_logger.dashboard import service
from nlu_logger.dashboard.access.routes import router as access
from nlu_logger.dashboard.alerting import forms as wording
from nlu_logger.dashboard.alerting.routes import router as alerting
from nlu_logger.dashboard.comparing.routes import router as comparing
from nlu_logger.dashboard.erasing.routes import router as erasing
from nlu_logger.dashboard.exporting.routes import router as exporting
from nlu_logger.dashboard.house import HOUSE, OVERVIEW, Reader, entrance
from nlu_logger.dashboard.importing.routes import router as importing
from nlu_logger.dashboard.inbox.routes import router as inbox
from nlu_logger.dashboard.judging.routes import router as judging
from nlu_logger.dashboard.keeping.routes import router as keeping
from nlu_logger.dashboard.search.filters import rows, rows_of_bucket
from nlu_logger.dashboard.search.routes import router as search
from nlu_logger.dashboard.truths.routes import router as truths
from nlu_logger.insights import service as insights
from nlu_logger.reviews import queues
from nlu_logger.settings import Settings

router = entrance.router
SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.get("")
async def show_overview(
    login: Reader,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    task: Slug | Literal[""] = "",
    days: Literal["1", "7", "30", "90"] = "7",
) -> HTMLResponse:
    filters = insights.filters_of(
        caller,
        since=None,
        until=None,
        days=int(days),
        task=task or None,
        model_version=None,
        prompt_version=None,
        settings=settings,
        now=datetime.now(UTC),
    )
    shown = await service.overview(session, filters, settings, caller=caller)
    return HOUSE.page(
        "overview.html",
        login,
        at=OVERVIEW,
        view=shown,
        wording=wording,
        induction_url=(settings.induction_url or "").rstrip("/"),
        unsure=queues.UNSURE,
        audit_share=settings.audit_share,
        task=task,
        days=days,
        rows=rows,
        bucket_rows=partial(rows_of_bucket, since=filters.since, until=filters.until, task=task),
    )


ROOMS = (
    inbox, search, judging, comparing, truths,
    access, importing, exporting, alerting, keeping, erasing,
)  # fmt: skip
for room in ROOMS:
    router.include_router(room)
