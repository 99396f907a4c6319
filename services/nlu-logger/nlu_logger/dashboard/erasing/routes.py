"""Erasure by HTTP: a person is erased on purpose, twice said, and the receipt can be read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from nlu_shared.kit.access import names
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.data.db import Identity, session_scope
from nlu_shared.kit.errors import Invalid, ServiceError
from nlu_shared.kit.http.deps import CallerDep, DbSession, WebResources, settings_of
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.privacy import ErasureReceipt
from starlette.responses import HTMLResponse, Response

from nlu_logger.dashboard.erasing import queries, wording
from nlu_logger.dashboard.forms import Filled, kept_form
from nlu_logger.dashboard.house import HOUSE, OPERATIONS, Administrator, led
from nlu_logger.dashboard.search.filters import rows
from nlu_logger.dashboard.wording import UUID_WORD, Word
from nlu_logger.exports import schedules
from nlu_logger.migrations import ERASER
from nlu_logger.privacy import service as privacy
from nlu_logger.settings import Settings

ERASURE = f"{OPERATIONS}/erasure"
LISTED = 25
router = APIRouter(prefix="/operations/erasure", include_in_schema=False)
SettingsDep = Annotated[Settings, Depends(settings_of)]


class EraseIn(Schema):
    """`again` is the person's id once more: what goes does not come back."""

    user: UUID | None = None
    again: UUID | None = None


WORDS = {
    "user": Word("User id", UUID_WORD),
    "again": Word("The same once more", UUID_WORD),
}


@router.get("")
async def show_erasure(
    login: Administrator, request: Request, database: DbSession, before: UUID | None = None
) -> HTMLResponse:
    resources: WebResources = request.app.state.resources
    if login.caller.tasks is not None:
        return _page(login)
    async with session_scope(resources.database, Identity(ERASER)) as session:
        page = await privacy.receipts(session, before=before, limit=LISTED)
    actors = await queries.actors(database, [one.id for one in page.items])
    named = await names.of(resources.authenticator, set(actors.values()))
    older = f"{ERASURE}?before={page.next_cursor}" if page.next_cursor else None
    past = [
        Past(one, wording.actor(actors.get(str(one.id)), named, login.caller.subject))
        for one in page.items
    ]
    return _page(login, past=past, older=older, newest=ERASURE if before else None)


@router.post("")
async def erase_person(
    form: Annotated[Filled[EraseIn], kept_form(EraseIn, WORDS)],
    login: Administrator,
    request: Request,
    caller: CallerDep,
    settings: SettingsDep,
) -> Response:
    try:
        receipt = await _erase(request.app.state.resources, form, settings, caller)
    except ServiceError as refused:
        return _page(login, submission=form.values, refused=refused)
    return led(f"{ERASURE}/{receipt.id}")


@dataclass(frozen=True, slots=True)
class Past:
    """A receipt in the list, and who asked for it, in words."""

    receipt: ErasureReceipt
    actor: str


@router.get("/{erasure_id}")
async def show_receipt(
    erasure_id: UUID,
    login: Administrator,
    request: Request,
    database: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> HTMLResponse:
    resources: WebResources = request.app.state.resources
    key = secret(settings.anonymise_key)
    async with session_scope(resources.database, Identity(ERASER)) as session:
        receipt = await privacy.receipt(session, erasure_id, caller=caller, key=key)
    recipients = {one.recipient for one in receipt.disclosures}
    named = await names.of(request.app.state.resources.authenticator, recipients)
    known = await schedules.listed(database, caller=caller)
    return _page(login, receipt=receipt, holders=wording.holders(recipients, named, known))


async def _erase(
    resources: WebResources, form: Filled[EraseIn], settings: Settings, caller: Caller
) -> ErasureReceipt:
    person = _person(form.taken())
    privacy.check_person(caller, person)
    async with session_scope(resources.database, Identity(ERASER, person)) as session:
        return await privacy.erase(
            session,
            person,
            caller=caller,
            key=secret(settings.anonymise_key),
            journal_at=settings.erasure_journal,
        )


def _person(submission: EraseIn) -> UUID:
    if submission.user is None:
        raise Invalid("User id is empty. Nothing was erased.", code="not_sure")
    if submission.again is None:
        raise Invalid("The same once more is empty. Nothing was erased.", code="not_sure")
    if submission.again != submission.user:
        detail = "The same once more is another id than User id. Nothing was erased."
        raise Invalid(detail, code="not_sure")
    return submission.user


def _page(
    login: Login,
    *,
    submission: EraseIn | None = None,
    refused: ServiceError | None = None,
    receipt: ErasureReceipt | None = None,
    holders: Mapping[str, str] | None = None,
    past: Sequence[Past] | None = None,
    older: str | None = None,
    newest: str | None = None,
) -> HTMLResponse:
    """The page of one receipt, or of the form and what was erased before.

    login: whose page it is.
    submission: what was typed in the form.
    refused: why nothing was erased.
    receipt: the one that the page is of.
    holders: names of who has the exports of that.
    past: a page of receipts; None for who may not list them.
    older: where the page after it is.
    newest: where the first one is, on another.
    """
    return HOUSE.page(
        "erasure.html",
        login,
        status=refused.status if refused else 200,
        at=OPERATIONS,
        submission=submission,
        refused=refused,
        receipt=receipt,
        holders=holders,
        past=past,
        older=older,
        newest=newest,
        wording=wording,
        rows=rows,
    )
