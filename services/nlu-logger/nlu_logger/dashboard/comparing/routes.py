"""The confusion matrix, and two versions beside each other, by HTTP."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.pages.forms import query_of
from nlu_shared.schemas.insights import Sample, Version
from starlette.responses import HTMLResponse

from nlu_logger.dashboard.comparing.filters import ComparisonIn, MatrixIn, Period
from nlu_logger.dashboard.comparing.matrix import mistakes, square
from nlu_logger.dashboard.house import HOUSE, OVERVIEW, Reader
from nlu_logger.dashboard.search.filters import rows
from nlu_logger.insights import queries
from nlu_logger.insights import service as insights
from nlu_logger.insights.service import PeriodFilters
from nlu_logger.settings import Settings

router = APIRouter(include_in_schema=False)
SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.get("/confusion")
async def show_confusion(
    login: Reader,
    query: Annotated[MatrixIn, query_of(MatrixIn)],
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> HTMLResponse:
    filters = _filters(query, settings, caller=caller)
    confusion = await insights.confusion(session, filters, query.sample)
    return HOUSE.page(
        "confusion.html",
        login,
        at=OVERVIEW,
        query=query,
        filters=filters,
        confusion=confusion,
        square=square(confusion.cells),
        mistakes=mistakes(confusion.cells),
        most=queries.MOST_ROWS,
        samples=list(Sample),
        tasks=await queries.tasks(
            session, _filters(Period(days="90"), settings, caller=caller).kept
        ),
        rows=rows,
    )


@router.get("/compare")
async def show_comparison(
    login: Reader,
    query: Annotated[ComparisonIn, query_of(ComparisonIn)],
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> HTMLResponse:
    """Where one of the two is not named, or both are the same, only the choice is shown."""
    filters = _filters(query, settings, caller=caller)
    return HOUSE.page(
        "compare.html",
        login,
        at=OVERVIEW,
        query=query,
        filters=filters,
        versions=await queries.versions(session, filters.kept, query.of),
        kinds=list(Version),
        tasks=await queries.tasks(
            session, _filters(Period(days="90"), settings, caller=caller).kept
        ),
        comparison=await insights.compared(session, filters, query.of, query.a, query.b)
        if query.a and query.b and query.a != query.b
        else None,
        rows=rows,
    )


def _filters(query: Period, settings: Settings, *, caller: Caller) -> PeriodFilters:
    return insights.filters_of(
        caller,
        since=None,
        until=None,
        days=int(query.days),
        task=query.task,
        model_version=None,
        prompt_version=None,
        settings=settings,
        now=datetime.now(UTC),
    )
