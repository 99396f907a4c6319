"""Keys and the audit log by HTTP, for administrators."""

from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter
from nlu_shared.files.spreadsheets import Columns, as_csv
from nlu_shared.kit.access import audit, keys, names
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.http.deps import AuthenticatorDep, CallerDep, DbSession, of_every_task
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.kit.pages.forms import form_of, query_of
from nlu_shared.kit.pages.house import file, pretty
from nlu_shared.kit.pages.tables import MOST_SAVED, Table
from nlu_shared.schemas.audit import AuditLine
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.keys import KeyMade
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import HTMLResponse, Response

from nlu_logger.dashboard.access import queries
from nlu_logger.dashboard.access.forms import (
    KEY_WORDS,
    AuditIn,
    KeyId,
    NewKeyIn,
    RotateIn,
    apart,
    table,
)
from nlu_logger.dashboard.access.wording import did, in_words, is_of_a_key
from nlu_logger.dashboard.forms import Filled, invalid, kept_form
from nlu_logger.dashboard.house import HOUSE, OPERATIONS, Administrator, administers, led
from nlu_logger.scopes import SCOPES

router = APIRouter(prefix="/operations", include_in_schema=False)
LINES = 100
SAVED: Columns = {
    "at": attrgetter("at"),
    "actor": attrgetter("actor"),
    "action": attrgetter("action"),
    "subject": attrgetter("subject"),
    "details": lambda line: pretty(line.details) if line.details else None,
}


@router.get("")
async def show_keys(login: Administrator, session: DbSession, caller: CallerDep) -> HTMLResponse:
    return await _page(session, login)


@router.post("/keys")
async def make_key(
    form: Annotated[Filled[NewKeyIn], kept_form(NewKeyIn, KEY_WORDS)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
) -> HTMLResponse:
    """The page says the key, this once."""
    made = await attempt(session, _issue(session, form, caller))
    return await _page(session, login, made, form.values)


@router.post("/keys/rotate")
async def rotate_key_by_form(
    form: Annotated[Filled[RotateIn], kept_form(RotateIn, KEY_WORDS)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
) -> HTMLResponse:
    made = await attempt(session, _rotate(session, form, caller))
    return await _page(session, login, made)


@router.post("/keys/revoke")
async def revoke_key_by_form(
    submission: Annotated[KeyId, form_of(KeyId)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
) -> Response:
    refused = await attempt(session, keys.revoke(session, submission.key, caller=caller))
    return await _page(session, login, refused) if refused else led(OPERATIONS)


@router.get("/audit", dependencies=[administers, of_every_task])
async def show_audit_log(
    login: Administrator,
    filters: Annotated[AuditIn, query_of(AuditIn)],
    session: DbSession,
    authenticator: AuthenticatorDep,
) -> HTMLResponse:
    shown = table(filters)
    page = await _lines(session, filters, shown, limit=LINES)
    actors, actions = await queries.named(session)
    chosen = {filters.actor} if filters.actor else set()
    subjects = {*actors, *chosen, *(line.actor for line in page.items)}
    of_keys = {one.id: f"{names.KEY}{one.subject}" for one in page.items if is_of_a_key(one)}
    subjects |= {*of_keys.values()}
    called = await names.of(authenticator, subjects)
    return HOUSE.page(
        "audit.html",
        login,
        at=OPERATIONS,
        lines=[(one, in_words(one, called.get(of_keys.get(one.id, "")))) for one in page.items],
        did=did,
        filters=filters,
        table=shown,
        older=shown.page(before=page.next_cursor) if page.next_cursor else None,
        newest=shown.page() if filters.before else None,
        names=called,
        actors=apart({one: called[one] for one in {*actors, *chosen}}),
        actions=sorted({*actions, *({filters.action} if filters.action else ())}),
    )


@router.get("/audit.csv", dependencies=[administers, of_every_task])
async def save_audit_log(
    filters: Annotated[AuditIn, query_of(AuditIn)], session: DbSession
) -> Response:
    page = await _lines(session, filters, table(filters), limit=MOST_SAVED)
    return file("audit-log", as_csv(SAVED, page.items))


async def _lines(
    session: AsyncSession, filters: AuditIn, shown: Table, *, limit: int
) -> Page[AuditLine]:
    conditions = filters.model_dump(exclude={"sort"})
    return await audit.page(session, **conditions, order=shown.order, limit=limit)


async def _rotate(session: AsyncSession, form: Filled[RotateIn], caller: Caller) -> KeyMade:
    submission = form.taken()
    grace = timedelta(hours=submission.grace_hours)
    return await keys.rotate(session, submission.key, grace=grace, caller=caller)


async def _issue(session: AsyncSession, form: Filled[NewKeyIn], caller: Caller) -> KeyMade:
    try:
        request = form.taken().request()
    except ValidationError as wrong:
        raise invalid(wrong, KEY_WORDS) from None
    return await keys.issue(session, request, known=SCOPES, now=datetime.now(UTC), caller=caller)


async def _page(
    session: AsyncSession,
    login: Login,
    result: KeyMade | ServiceError | None = None,
    submission: NewKeyIn | None = None,
) -> HTMLResponse:
    refused = result if isinstance(result, ServiceError) else None
    return HOUSE.page(
        "keys.html",
        login,
        status=refused.status if refused else 200,
        at=OPERATIONS,
        keys=await keys.every(session, caller=login.caller),
        scopes=SCOPES,
        made=result if isinstance(result, KeyMade) else None,
        refused=refused,
        submission=submission if refused else None,
        now=datetime.now(UTC),
    )
