"""Erasure by HTTP: a person is erased on purpose, twice said, and the receipt can be read again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.data.db import Identity, session_scope
from nlu_shared.kit.errors import Invalid, ServiceError
from nlu_shared.kit.http.deps import CallerDep, WebResources, settings_of
from nlu_shared.kit.pages.forms import form_of
from nlu_shared.kit.settings import secret
from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.privacy import ErasureReceipt
from starlette.responses import HTMLResponse, Response

from nlu_logger.dashboard.house import HOUSE, OPERATIONS, Administrator, led
from nlu_logger.dashboard.search.given import rows
from nlu_logger.migrations import ERASER
from nlu_logger.privacy import service as privacy
from nlu_logger.settings import Settings

ERASURE = f"{OPERATIONS}/erasure"
router = APIRouter(prefix="/operations/erasure", include_in_schema=False)
SettingsDep = Annotated[Settings, Depends(settings_of)]


class EraseIn(Schema):
    """`again` is the person's id once more: what goes does not come back."""

    user: UUID
    again: UUID | None = None


@router.get("")
async def show_erasure(login: Administrator) -> HTMLResponse:
    return _page(login)


@router.post("")
async def erase_person(
    given: Annotated[EraseIn, form_of(EraseIn)],
    login: Administrator,
    request: Request,
    caller: CallerDep,
    settings: SettingsDep,
) -> Response:
    try:
        receipt = await _erase(request.app.state.resources, given, settings, caller)
    except ServiceError as refused:
        return _page(login, given=given, refused=refused)
    return led(f"{ERASURE}/{receipt.id}")


@router.get("/{erasure_id}")
async def show_receipt(
    erasure_id: UUID,
    login: Administrator,
    request: Request,
    caller: CallerDep,
    settings: SettingsDep,
) -> HTMLResponse:
    resources: WebResources = request.app.state.resources
    key = secret(settings.anonymise_key)
    async with session_scope(resources.database, Identity(ERASER)) as session:
        receipt = await privacy.receipt(session, erasure_id, caller=caller, key=key)
    return _page(login, receipt=receipt)


async def _erase(
    resources: WebResources, given: EraseIn, settings: Settings, caller: Caller
) -> ErasureReceipt:
    if given.again != given.user:
        raise Invalid("The two ids differ. Nothing was erased.", code="not_sure")
    privacy.check_person(caller, given.user)
    async with session_scope(resources.database, Identity(ERASER, given.user)) as session:
        return await privacy.erase(
            session,
            given.user,
            caller=caller,
            key=secret(settings.anonymise_key),
            journal_at=settings.erasure_journal,
        )


def _page(
    login: Login,
    *,
    given: EraseIn | None = None,
    refused: ServiceError | None = None,
    receipt: ErasureReceipt | None = None,
) -> HTMLResponse:
    return HOUSE.page(
        "erasure.html",
        login,
        status=refused.status if refused else 200,
        at=OPERATIONS,
        given=given,
        refused=refused,
        receipt=receipt,
        rows=rows,
    )
