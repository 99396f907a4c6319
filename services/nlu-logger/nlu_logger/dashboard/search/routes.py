"""Search by HTTP."""

from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Depends
from nlu_shared.files.spreadsheets import Columns, as_csv
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.pages.forms import query_of
from nlu_shared.kit.pages.house import file
from nlu_shared.kit.pages.tables import MOST_SAVED
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.predictions import Prediction
from starlette.responses import HTMLResponse, Response

from nlu_logger.dashboard.forms import Filled, kept_query
from nlu_logger.dashboard.house import HOUSE, SEARCH, Searcher
from nlu_logger.dashboard.inbox import queries
from nlu_logger.dashboard.search import service
from nlu_logger.dashboard.search.filters import WORDS, SearchIn, table
from nlu_logger.exports import disclosures
from nlu_logger.settings import Settings

router = APIRouter(prefix="/predictions", include_in_schema=False)
SAVED: Columns = {
    "text": attrgetter("prompt"),
    "intent": attrgetter("predicted_intent"),
    "corrected_to": attrgetter("corrected_intent"),
    "confidence": attrgetter("confidence"),
    "went_well": attrgetter("was_successful"),
    "task": attrgetter("task"),
    "logged": attrgetter("created_at"),
    "prediction": attrgetter("id"),
}
NOTHING: Page[Prediction] = Page(items=[], next_cursor=None)
SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.get("")
async def search_predictions(
    form: Annotated[Filled[SearchIn], kept_query(SearchIn, WORDS)],
    login: Searcher,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> HTMLResponse:
    filters = form.taken_or(SearchIn())
    shown = table(filters)
    page = (
        await service.find(session, filters, settings, order=shown.order, caller=caller)
        if form.refused is None
        else NOTHING
    )
    return HOUSE.page(
        "search.html",
        login,
        status=form.status,
        at=SEARCH,
        refused=form.refused,
        filters=form.values,
        is_narrowed=filters != SearchIn(sort=filters.sort),
        table=shown,
        predictions=page.items,
        tasks=await queries.tasks(session, caller=caller),
        older=shown.page(before=page.next_cursor) if page.next_cursor else None,
        newest=shown.page() if filters.before else None,
    )


@router.get(".csv")
async def save_predictions(
    filters: Annotated[SearchIn, query_of(SearchIn)],
    login: Searcher,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Response:
    """It is noted who got which rows, as of an export."""
    shown = table(filters)
    recorded = filters.model_dump(mode="json", exclude_defaults=True)
    await disclosures.record(session, "predictions", to=caller.subject, filters=recorded)
    page = await service.find(
        session, filters, settings, order=shown.order, caller=caller, limit=MOST_SAVED
    )
    return file("predictions", as_csv(SAVED, page.items))
