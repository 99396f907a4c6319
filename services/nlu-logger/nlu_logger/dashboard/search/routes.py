"""Search, and the page of one prediction, by HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from nlu_shared.kit.http.deps import AuthenticatorDep, CallerDep, DbSession, settings_of
from nlu_shared.kit.pages.forms import query_of
from starlette.responses import HTMLResponse

from nlu_logger.dashboard.house import HOUSE, SEARCH, Searcher
from nlu_logger.dashboard.inbox import queries
from nlu_logger.dashboard.search import service
from nlu_logger.dashboard.search.given import SearchIn, rows
from nlu_logger.settings import Settings

router = APIRouter(prefix="/predictions", include_in_schema=False)
SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.get("")
async def search_predictions(
    wanted: Annotated[SearchIn, query_of(SearchIn)],
    login: Searcher,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> HTMLResponse:
    page = await service.find(session, wanted, settings, caller=caller)
    given = wanted.model_dump(exclude_defaults=True, exclude={"before"})
    older = rows(**given, before=page.next_cursor) if page.next_cursor else None
    return HOUSE.page(
        "search.html",
        login,
        at=SEARCH,
        wanted=wanted,
        predictions=page.items,
        tasks=await queries.tasks(session, caller=caller),
        older=older,
        newest=rows(**given) if wanted.before else None,
    )


@router.get("/{prediction_id}")
async def show_prediction(
    prediction_id: UUID,
    login: Searcher,
    session: DbSession,
    authenticator: AuthenticatorDep,
    caller: CallerDep,
) -> HTMLResponse:
    view = await service.history(session, prediction_id, authenticator, caller=caller)
    return HOUSE.page("prediction.html", login, at=SEARCH, view=view, rows=rows)
