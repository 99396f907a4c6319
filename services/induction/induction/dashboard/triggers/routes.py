"""The page of a task's trigger: its rules, how it stands, and what was decided."""

from operator import attrgetter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from nlu_shared.files.spreadsheets import Columns, as_csv
from nlu_shared.kit.http.deps import AuthenticatorDep, DbSession, settings_of
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import button
from nlu_shared.kit.pages.house import file
from nlu_shared.kit.pages.tables import MOST_SAVED, Sort
from starlette.responses import HTMLResponse, Response

from induction.dashboard import words
from induction.dashboard.house import HOUSE, YES, Administrator, YesNo, administers
from induction.dashboard.triggers import service
from induction.settings import Settings
from induction.triggers import queries
from induction.triggers import routes as api

router = APIRouter()
SettingsDep = Annotated[Settings, Depends(settings_of)]
SAVED: Columns = {
    "decided": attrgetter("decided_at"),
    "last_decided": attrgetter("last_decided_at"),
    "times": attrgetter("times"),
    "started": attrgetter("started"),
    "cases": attrgetter("cases"),
    "live_f1": attrgetter("live_f1"),
    "reasons": lambda one: words.sentences(one.reasons),
    "run": attrgetter("run_id"),
}


@router.get("/tasks/{task}/trigger")
async def show_trigger(
    task: PathTask,
    login: Administrator,
    session: DbSession,
    settings: SettingsDep,
    authenticator: AuthenticatorDep,
    started: YesNo = "",
    sort: Sort | None = None,
    cursor: UUID | None = None,
    saved: bool = False,
) -> HTMLResponse:
    """`saved`: the rules have just been, which the page says."""
    view = await service.trigger_page(
        session, settings, task, authenticator, started=YES.get(started), sort=sort, before=cursor
    )
    return HOUSE.page("trigger.html", login, at=None, view=view, saved=saved)


@router.get("/tasks/{task}/trigger.csv", dependencies=[administers])
async def save_decisions(
    task: PathTask, session: DbSession, started: YesNo = "", sort: Sort | None = None
) -> Response:
    chosen = YES.get(started)
    order = service.table(task, started=chosen, sort=sort).order
    page = await queries.decision_page(
        session, task, started=chosen, before=None, limit=MOST_SAVED, order=order
    )
    return file("decisions", as_csv(SAVED, page.items))


for path, does in (
    ("/triggers", api.change_auto_trigger),
    ("/triggers/pause", api.pause_auto_trigger),
    ("/triggers/resume", api.resume_auto_trigger),
    ("/triggers/reset-backoff", api.reset_auto_trigger_backoff),
):
    button(router, path, does, administers)
