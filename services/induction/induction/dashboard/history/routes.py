"""The pages of a task's lineage, of its failed ideas, and of votes of its versions."""

from operator import attrgetter
from typing import Annotated, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Depends
from nlu_shared.files.spreadsheets import Columns, as_csv
from nlu_shared.kit.http.deps import DbSession, settings_of
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import button
from nlu_shared.kit.pages.house import file
from nlu_shared.kit.pages.tables import MOST_SAVED, Sort
from nlu_shared.schemas.ensembles import FEWEST_MEMBERS, MOST_MEMBERS
from nlu_shared.schemas.runs import RunLimits
from starlette.responses import HTMLResponse, Response

from induction.dashboard.history import service
from induction.dashboard.house import HOUSE, YES, PromptReader, YesNo, reads_prompts, registers
from induction.history import failures, lineage
from induction.history import routes as api
from induction.settings import Settings

router = APIRouter(prefix="/tasks/{task}")
SettingsDep = Annotated[Settings, Depends(settings_of)]
Outcome = Literal["", "kept", "outdone", "rejected", "edited by hand", "brought in"]
"""What may have become of a version, or who made one that no run tried."""
SAVED_IDEAS: Columns = {
    "version": attrgetter("version_id"),
    "strategy": attrgetter("strategy"),
    "settled": attrgetter("is_settled"),
    "fixed": attrgetter("fixed"),
    "broke": attrgetter("broke"),
    "stage": attrgetter("stage"),
    "reason": attrgetter("reason"),
    "runs": attrgetter("runs"),
    "run": attrgetter("run_id"),
    "at": attrgetter("at"),
}
SAVED: Columns = {
    "version": attrgetter("version_hash"),
    "id": attrgetter("id"),
    "parent": attrgetter("parent_id"),
    "source": attrgetter("source"),
    "run": attrgetter("run_id"),
    "rationale": lambda one: one.change and one.change.rationale,
    "notes": attrgetter("notes"),
    "validation_f1": attrgetter("validation_f1"),
    "serves": attrgetter("is_production"),
    "made": attrgetter("created_at"),
}


@router.get("/lineage")
async def show_lineage(
    task: PathTask,
    login: PromptReader,
    session: DbSession,
    outcome: Outcome = "",
    sort: Sort | None = None,
    cursor: UUID | None = None,
) -> HTMLResponse:
    view = await service.lineage_page(
        session, task, outcome=outcome or None, sort=sort, before=cursor
    )
    return HOUSE.page("lineage.html", login, at=None, view=view, outcomes=get_args(Outcome)[1:])


@router.get("/lineage.csv", dependencies=[reads_prompts])
async def save_lineage(
    task: PathTask, session: DbSession, outcome: Outcome = "", sort: Sort | None = None
) -> Response:
    chosen = outcome or None
    order = service.table(task, outcome=chosen, sort=sort).order
    page = await lineage.page(
        session, task, before=None, limit=MOST_SAVED, order=order, outcome=chosen
    )
    return file("versions", as_csv(SAVED, page.items))


@router.get("/vote")
async def show_vote(task: PathTask, login: PromptReader, session: DbSession) -> HTMLResponse:
    """The sheet on which a vote of versions is ordered."""
    view = await service.vote_page(session, task)
    return HOUSE.page(
        "vote.html",
        login,
        at=None,
        view=view,
        limits=RunLimits(),
        least=FEWEST_MEMBERS,
        most=MOST_MEMBERS,
    )


@router.get("/ideas")
async def show_ideas(
    task: PathTask,
    login: PromptReader,
    session: DbSession,
    settings: SettingsDep,
    settled: YesNo = "",
    sort: Sort | None = None,
    cursor: UUID | None = None,
) -> HTMLResponse:
    view = await service.ideas_page(
        session, settings, task, settled=YES.get(settled), sort=sort, before=cursor
    )
    return HOUSE.page("ideas.html", login, at=None, view=view)


@router.get("/ideas.csv", dependencies=[reads_prompts])
async def save_ideas(
    task: PathTask,
    session: DbSession,
    settings: SettingsDep,
    settled: YesNo = "",
    sort: Sort | None = None,
) -> Response:
    chosen = YES.get(settled)
    order = service.table_of_ideas(task, settled=chosen, sort=sort).order
    page = await failures.page(
        session, settings, task, before=None, limit=MOST_SAVED, order=order, settled=chosen
    )
    return file("ideas", as_csv(SAVED_IDEAS, page.items))


button(router, "/ideas/{version_id}/clear", api.clear_failed_idea, registers, status_code=204)
