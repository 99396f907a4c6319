"""The pages, and what their buttons do. Every page needs a login, every change its proof too."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response, Security
from fastapi.security import SecurityScopes
from nlu_shared.kit.access import logins
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import Forbidden, ServiceError, Unauthenticated
from nlu_shared.kit.http.deps import CallerDep, DbSession, WebResources, address_of
from nlu_shared.schemas.base import Schema, Slug
from nlu_shared.schemas.queues import ClaimIn, Queue
from nlu_shared.schemas.reviews import (
    ApprovalIn,
    Approved,
    ConfirmationIn,
    Correction,
    CorrectionIn,
    Settled,
    SettlementIn,
)
from starlette.responses import HTMLResponse

from nlu_logger.dashboard import pages, service
from nlu_logger.ground_truth import service as ground_truth
from nlu_logger.insights import service as insights
from nlu_logger.reviews import conflicts, decisions, label_issues, queues
from nlu_logger.reviews import service as reviews
from nlu_logger.settings import Settings

router = APIRouter(prefix="/dashboard", include_in_schema=False)
COOKIE = "nlu_logger_login"
OTHERS = {
    "proposed": "To approve",
    "suspicious-label": "Suspicious label",
    "conflicts": "Conflicts",
}
"""What waits for a reviewer beside the queues of predictions."""


class LogInFirst(ServiceError):
    """Sends a browser to the page where it can log in."""

    status = 303
    code = "log_in_first"
    title = "Log in first"

    def __init__(self) -> None:
        super().__init__(headers={"Location": "/dashboard/login"})


class KeyShown(Schema):
    key: str


async def _authenticate(
    scopes: SecurityScopes,
    request: Request,
    shown: Annotated[str | None, Header(alias="x-proof")] = None,
) -> Login:
    """A page's caller: the login of the cookie, which holds the scopes; a change its proof."""
    is_page = request.method == "GET"
    resources: WebResources = request.app.state.resources
    try:
        login = await logins.find(resources.authenticator, request.cookies.get(COOKIE))
    except Unauthenticated:
        raise (LogInFirst() if is_page else Unauthenticated()) from None
    resources.limits.admit(login.caller.subject, request.method)
    if not is_page:
        login.check(shown)
    for scope in scopes.scopes:
        if not login.caller.has(scope):
            raise Forbidden(f"The scope {scope} is needed.")
    request.state.caller = login.caller
    return login


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.resources.settings
    return settings


SettingsDep = Annotated[Settings, Depends(_settings)]
AnyLogin = Annotated[Login, Security(_authenticate)]
Reader = Annotated[Login, Security(_authenticate, scopes=["insights:read"])]
Reviewer = Annotated[Login, Security(_authenticate, scopes=["reviews:read"])]


def needs(scope: str) -> Any:
    return Security(_authenticate, scopes=[scope])


def _page(name: str, login: Login | None, **shown: Any) -> HTMLResponse:
    return HTMLResponse(pages.render(name, login=login, **shown), headers=pages.HEADERS)


@router.get("/static/{name}")
async def dashboard_file(name: Literal["page.js", "page.css", "icon.svg"]) -> Response:
    return Response(
        pages.static(name),
        media_type=pages.STATIC[name],
        headers=pages.HEADERS | {"Cache-Control": "max-age=300"},
    )


@router.get("/login")
async def show_login() -> HTMLResponse:
    return _page("login.html", None)


@router.post("/login", status_code=204)
async def log_in(body: KeyShown, request: Request) -> Response:
    """No proof is asked: whoever can show the key may use it.

    Nobody is turned away for what others of their address have tried; keys are looked up one
    after the other instead.
    """
    resources: WebResources = request.app.state.resources
    try:
        async with resources.limits.lookups:
            login = await logins.log_in(resources.authenticator, body.key.strip())
    except Unauthenticated:
        resources.limits.count_failure(address_of(request))
        raise
    return _with_cookie(request, login.token)


@router.post("/logout", status_code=204)
async def log_out(login: AnyLogin, request: Request) -> Response:
    await logins.log_out(request.app.state.resources.authenticator, login.token)
    return _with_cookie(request, "")


def _with_cookie(request: Request, token: str) -> Response:
    secure = request.url.scheme == "https"
    made = logins.cookie(COOKIE, token, path="/dashboard", secure=secure)
    return Response(status_code=204, headers={"Set-Cookie": made})


@router.get("/start", status_code=303)
async def show_first_page(login: AnyLogin) -> Response:
    first = "/dashboard" if login.caller.has("insights:read") else "/dashboard/review"
    return Response(status_code=303, headers={"Location": first})


@router.get("")
async def show_overview(
    login: Reader,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    task: Slug | Literal[""] = "",
    days: Literal["1", "7", "30", "90"] = "7",
) -> HTMLResponse:
    seen = insights.filters_of(
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
    shown = await service.overview(session, seen, caller=caller)
    return _page(
        "overview.html",
        login,
        at="overview",
        view=shown,
        unsure=service.UNSURE,
        task=task,
        days=days,
    )


@router.get("/review")
async def show_desk(
    login: Reviewer,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
    queue: Queue | Literal["proposed", "suspicious-label", "conflicts"] = Queue.LOW_CONFIDENCE,
    task: Slug | Literal[""] = "",
) -> HTMLResponse:
    tabs = {"at": "review", "queue": queue, "queues": list(Queue), "others": OTHERS, "task": task}
    match queue:
        case "proposed":
            proposals = await service.proposals(session, task or None, caller=caller)
            return _page("proposals.html", login, proposals=proposals, **tabs)
        case "suspicious-label":
            cases = await service.suspicious_labels(session, task or None, settings, caller=caller)
            return _page("label_issues.html", login, cases=cases, **tabs)
        case "conflicts":
            open_ones = await service.conflicts(session, task or None, caller=caller)
            return _page("conflicts.html", login, conflicts=open_ones, **tabs)
    items = await service.waiting(session, Queue(queue), task or None, settings, caller=caller)
    offered = await service.offers(session, items, caller=caller)
    return _page("review.html", login, items=items, offered=offered, **tabs)


@router.post("/queues/{queue}/claim", dependencies=[needs("reviews:claim")], status_code=204)
async def claim_items(
    queue: Queue, body: ClaimIn, session: DbSession, caller: CallerDep, settings: SettingsDep
) -> None:
    await queues.claim(session, queue, body, settings, caller=caller)


@router.post("/predictions/{prediction_id}/correct", dependencies=[needs("corrections:write")])
async def correct_item(
    prediction_id: UUID,
    body: CorrectionIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Correction:
    choices = await service.choices(session, prediction_id, caller=caller)
    made = await reviews.correct(
        session, prediction_id, body, caller=caller, settings=settings, choices=choices
    )
    return made.view()


@router.post("/predictions/{prediction_id}/confirm", dependencies=[needs("corrections:write")])
async def confirm_item(
    prediction_id: UUID,
    body: ConfirmationIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Correction:
    made = await reviews.confirm(session, prediction_id, body, caller=caller, settings=settings)
    return made.view()


@router.post("/corrections/{correction_id}/approve", dependencies=[needs("reviews:decide")])
async def approve_item(
    correction_id: UUID,
    body: ApprovalIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Approved:
    return await decisions.approve(session, correction_id, body, settings, caller=caller)


@router.post("/corrections/{correction_id}/reject", dependencies=[needs("reviews:decide")])
async def reject_item(correction_id: UUID, session: DbSession, caller: CallerDep) -> Correction:
    return (await decisions.reject(session, correction_id, caller=caller)).view()


@router.post("/cases/{case_id}/clear", dependencies=[needs("reviews:decide")], status_code=204)
async def clear_item(case_id: UUID, session: DbSession, caller: CallerDep) -> None:
    await label_issues.clear(session, case_id, caller=caller)


@router.post(
    "/cases/{case_id}/withdraw", dependencies=[needs("ground-truth:write")], status_code=204
)
async def withdraw_item(case_id: UUID, session: DbSession, caller: CallerDep) -> None:
    await ground_truth.remove(session, case_id, caller=caller)


@router.post("/conflicts/{conflict_id}/settle", dependencies=[needs("reviews:decide")])
async def settle_item(
    conflict_id: UUID,
    body: SettlementIn,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> Settled:
    return await conflicts.settle(session, conflict_id, body, settings, caller=caller)
