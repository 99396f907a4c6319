"""Imports by HTTP, for administrators: what is pasted or chosen, and what became of each line."""

from typing import Annotated

from fastapi import APIRouter, Depends
from nlu_shared.files.rows import Line
from nlu_shared.kit.access.auth import Caller
from nlu_shared.kit.access.logins import Login
from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.kit.pages.attempts import attempt
from nlu_shared.schemas.imports import ImportAnswer
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import HTMLResponse

from nlu_logger.dashboard.forms import Filled, kept_form
from nlu_logger.dashboard.house import HOUSE, OPERATIONS, Administrator
from nlu_logger.dashboard.importing import queries
from nlu_logger.dashboard.importing.forms import (
    ADD_LABELS,
    LONGEST,
    WORDS,
    ImportIn,
    became,
    in_words,
    refused,
    rejected_file,
)
from nlu_logger.imports import service
from nlu_logger.imports.labelled import Labelling
from nlu_logger.imports.service import Saying
from nlu_logger.settings import Settings

router = APIRouter(prefix="/operations/imports", include_in_schema=False)
SettingsDep = Annotated[Settings, Depends(settings_of)]


@router.get("")
async def show_imports(login: Administrator, session: DbSession, caller: CallerDep) -> HTMLResponse:
    return await _page(session, login, ImportIn())


@router.post("")
async def import_by_form(
    form: Annotated[Filled[ImportIn], kept_form(ImportIn, WORDS)],
    login: Administrator,
    session: DbSession,
    caller: CallerDep,
    settings: SettingsDep,
) -> HTMLResponse:
    """The page that follows tells of each line; a file that cannot be read leaves nothing."""
    done = await attempt(session, _import(session, form, settings, caller=caller))
    return await _page(session, login, form.values, done)


async def _import(
    session: AsyncSession, form: Filled[ImportIn], settings: Settings, *, caller: Caller
) -> tuple[list[Line], ImportAnswer]:
    submission = form.taken()
    lines = submission.lines()
    if submission.what == "review":
        how = Saying(settings, approve=submission.approve, allow_new=submission.allow_new)
        return lines, await service.import_corrections(session, lines, how, caller=caller)
    truth = Labelling(
        task=submission.of(await queries.tasks(session, caller=caller)),
        may_quote=submission.may_quote,
        allow_new=submission.allow_new,
    )
    return lines, await service.import_truth(session, lines, truth, caller=caller)


async def _page(
    session: AsyncSession,
    login: Login,
    submission: ImportIn,
    done: tuple[list[Line], ImportAnswer] | ServiceError | None = None,
) -> HTMLResponse:
    error = done if isinstance(done, ServiceError) else None
    shown = done if isinstance(done, tuple) else None
    rejected = rejected_file(submission, *shown) if shown and refused(shown[1]) else None
    return HOUSE.page(
        "imports.html",
        login,
        status=error.status if error else 200,
        at=OPERATIONS,
        tasks=await queries.tasks(session, caller=login.caller),
        submission=submission,
        task=submission.new_task or submission.task,
        answer=shown[1] if shown else None,
        rejected=rejected,
        refused=error,
        longest=LONGEST,
        became=became,
        in_words=in_words,
        add_labels=ADD_LABELS,
    )
