"""Approved cases by HTTP."""

from typing import Annotated

from fastapi import APIRouter, Request
from nlu_shared.kit.access import names
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.kit.pages.forms import form_of, query_of
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import HTMLResponse, Response

from nlu_logger.dashboard.house import HOUSE, TRUTHS, TruthReader, led, needs
from nlu_logger.dashboard.truths import queries
from nlu_logger.dashboard.truths.given import CaseId, TruthsIn, address
from nlu_logger.ground_truth import service

router = APIRouter(prefix="/truths", include_in_schema=False)


@router.get("")
async def show_truths(
    wanted: Annotated[TruthsIn, query_of(TruthsIn)],
    login: TruthReader,
    request: Request,
    session: DbSession,
    caller: CallerDep,
) -> HTMLResponse:
    return await _page(request, session, login, wanted)


@router.post("/withdraw", dependencies=[needs("ground-truth:read", "ground-truth:write")])
async def withdraw_case(
    given: Annotated[CaseId, form_of(CaseId)],
    login: TruthReader,
    request: Request,
    session: DbSession,
    caller: CallerDep,
) -> Response:
    """Who holds a copy is told to forget it."""
    refused = await attempt(session, service.remove(session, given.case, caller=caller))
    return await _page(request, session, login, given, refused) if refused else led(address(given))


async def _page(
    request: Request,
    session: AsyncSession,
    login: Login,
    wanted: TruthsIn,
    refused: ServiceError | None = None,
) -> HTMLResponse:
    caller = login.caller
    listed, older = await queries.page(session, wanted, caller=caller)
    authenticator = request.app.state.resources.authenticator
    return HOUSE.page(
        "truths.html",
        login,
        status=refused.status if refused else 200,
        at=TRUTHS,
        wanted=wanted,
        listed=listed,
        counted=await queries.counted(session, wanted, caller=caller),
        tasks=await queries.tasks(session, caller=caller),
        names=await names.of(authenticator, {one.case.approved_by for one in listed}),
        older=address(wanted, before=older) if older else None,
        newest=address(wanted) if wanted.before else None,
        refused=refused,
        given=wanted.model_dump(exclude_defaults=True, exclude={"before", "case"}),
    )
