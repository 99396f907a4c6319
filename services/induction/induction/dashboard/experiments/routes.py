"""The pages of experiments, and what their buttons do."""

from operator import attrgetter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from nlu_shared.files.spreadsheets import Columns, as_csv
from nlu_shared.kit.http.deps import DbSession
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import button
from nlu_shared.kit.pages.house import file
from nlu_shared.kit.pages.tables import MOST_SAVED, Sort
from nlu_shared.schemas.experiments import ExperimentIn
from starlette.responses import HTMLResponse, Response

from induction.dashboard.experiments import service
from induction.dashboard.house import HOUSE, PromptReader, reads_prompts, registers
from induction.experiments import queries
from induction.experiments import routes as api

router = APIRouter(prefix="/tasks/{task}")
SAVED: Columns = {
    "experiment": attrgetter("id"),
    "began": attrgetter("created_at"),
    "candidate": attrgetter("b_version_id"),
    "against": attrgetter("a_version_id"),
    "status": attrgetter("status"),
    "conclusion": attrgetter("conclusion"),
    "share": attrgetter("share"),
    "units": lambda one: one.evidence and sum(arm.units for arm in one.evidence.arms),
    "difference": lambda one: one.evidence and one.evidence.difference,
    "better": lambda one: one.evidence and one.evidence.better,
    "worse": lambda one: one.evidence and one.evidence.worse,
    "by": attrgetter("by_name"),
    "ended": attrgetter("ended_at"),
}
ExperimentId = Annotated[UUID, Path(description="an experiment of this task")]
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]


@router.get("/experiments")
async def show_experiments(
    task: PathTask,
    login: PromptReader,
    session: DbSession,
    sort: Sort | None = None,
    cursor: UUID | None = None,
) -> HTMLResponse:
    view = await service.experiments_page(session, task, sort=sort, before=cursor)
    return HOUSE.page("experiments.html", login, at=None, view=view)


@router.get("/experiments.csv", dependencies=[reads_prompts])
async def save_experiments(
    task: PathTask, session: DbSession, sort: Sort | None = None
) -> Response:
    order = service.table(task, sort).order
    page = await queries.page(session, task, before=None, limit=MOST_SAVED, order=order)
    return file("experiments", as_csv(SAVED, page.items))


@router.get("/experiments/{experiment_id}")
async def show_experiment(
    task: PathTask, experiment_id: ExperimentId, login: PromptReader, session: DbSession
) -> HTMLResponse:
    view = await service.experiment_page(session, task, experiment_id)
    return HOUSE.page("experiment.html", login, at=None, view=view)


@router.get("/versions/{version_id}/experiment")
async def show_order(
    task: PathTask, version_id: VersionId, login: PromptReader, session: DbSession
) -> HTMLResponse:
    """The sheet on which an experiment is ordered."""
    view = await service.order_page(session, task, version_id)
    plan = ExperimentIn(version_id=version_id)
    return HOUSE.page("experiment_order.html", login, at=None, view=view, plan=plan)


button(router, "/experiments", api.start_experiment, registers)
button(router, "/experiments/{experiment_id}/stop", api.stop_experiment, registers)
