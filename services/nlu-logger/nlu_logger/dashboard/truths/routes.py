"""Approved cases by HTTP."""

from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Request
from nlu_shared.files.spreadsheets import Columns, as_csv
from nlu_shared.kit.access import names
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.kit.pages.forms import form_of, query_of
from nlu_shared.kit.pages.house import file, pretty
from nlu_shared.kit.pages.tables import MOST_SAVED
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import HTMLResponse, Response

from nlu_logger.dashboard.forms import Filled, kept_query
from nlu_logger.dashboard.house import HOUSE, TRUTHS, TruthReader, led, needs
from nlu_logger.dashboard.truths import queries
from nlu_logger.dashboard.truths.filters import WORDS, CaseId, TruthsIn, table
from nlu_logger.exports import disclosures
from nlu_logger.ground_truth import service

router = APIRouter(prefix="/truths", include_in_schema=False)
SAVED: Columns = {
    "text": attrgetter("case.text"),
    "truth": lambda one: (
        one.case.truth if isinstance(one.case.truth, str) else pretty(one.case.truth)
    ),
    "task": attrgetter("case.task"),
    "quotable": attrgetter("case.may_quote"),
    "in_conflict": attrgetter("is_disputed"),
    "approved": attrgetter("case.created_at"),
    "approved_by": attrgetter("case.approved_by"),
    "prediction": attrgetter("prediction"),
    "case": attrgetter("case.id"),
}


@router.get("")
async def show_truths(
    form: Annotated[Filled[TruthsIn], kept_query(TruthsIn, WORDS)],
    login: TruthReader,
    request: Request,
    session: DbSession,
    caller: CallerDep,
) -> HTMLResponse:
    filters = form.taken_or(TruthsIn())
    return await _page(request, session, login, filters, form.refused, typed=form.values)


@router.get(".csv")
async def save_truths(
    filters: Annotated[TruthsIn, query_of(TruthsIn)],
    login: TruthReader,
    session: DbSession,
    caller: CallerDep,
) -> Response:
    """It is noted who got which rows, as of an export."""
    recorded = filters.model_dump(mode="json", exclude_defaults=True)
    await disclosures.record(session, "ground_truth", to=caller.subject, filters=recorded)
    order = table(filters).order
    rows, _ = await queries.page(session, filters, order=order, caller=caller, limit=MOST_SAVED)
    return file("ground-truth", as_csv(SAVED, rows))


@router.post("/withdraw", dependencies=[needs("ground-truth:read", "ground-truth:write")])
async def withdraw_case(
    submission: Annotated[CaseId, form_of(CaseId)],
    login: TruthReader,
    request: Request,
    session: DbSession,
    caller: CallerDep,
) -> Response:
    """Who holds a copy is told to forget it."""
    refused = await attempt(session, service.remove(session, submission.case, caller=caller))
    return (
        await _page(request, session, login, submission, refused)
        if refused
        else led(table(submission).page())
    )


async def _page(
    request: Request,
    session: AsyncSession,
    login: Login,
    filters: TruthsIn,
    refused: ServiceError | None = None,
    *,
    typed: TruthsIn | None = None,
) -> HTMLResponse:
    """`typed` is what stands in the form, where that is not what is `wanted`."""
    caller = login.caller
    shown = table(filters)
    listed, older = await queries.page(session, filters, order=shown.order, caller=caller)
    authenticator = request.app.state.resources.authenticator
    return HOUSE.page(
        "truths.html",
        login,
        status=refused.status if refused else 200,
        at=TRUTHS,
        filters=typed or filters,
        table=shown,
        listed=listed,
        counted=await queries.counted(session, filters, caller=caller),
        tasks=await queries.tasks(session, caller=caller),
        names=await names.of(authenticator, {one.case.approved_by for one in listed}),
        older=shown.page(before=older) if older else None,
        newest=shown.page() if filters.before else None,
        refused=refused,
        parameters=filters.model_dump(exclude_defaults=True, exclude={"before", "case"}),
    )
