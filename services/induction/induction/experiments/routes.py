"""Experiments by HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import MOST, Before, PathTask
from nlu_shared.schemas.base import Page
from nlu_shared.schemas.experiments import Experiment, ExperimentIn, ExperimentStopIn

from induction.experiments import queries, service
from induction.resources import Resources

router = APIRouter(prefix="/v1/prompts/{task}/experiments", tags=["experiments"])
ExperimentId = Annotated[UUID, Path(description="an experiment of this task")]
read, write = requires("prompts:read"), requires("prompts:write")
PLAINLY = ExperimentStopIn()
STARTED: dict[int | str, dict[str, Any]] = {
    403: {"description": "induction's key of nlu-logger lacks the scope insights:read"},
    409: {
        "description": "An experiment of the task is running, or has won and still gives units its"
        " candidate; or the task is archived"
    },
}


@router.post("", dependencies=[write], status_code=201, responses=STARTED)
async def start_experiment(
    task: PathTask, body: ExperimentIn, request: Request, caller: CallerDep, response: Response
) -> Experiment:
    """From now on a share of units gets the candidate, and their outcomes decide."""
    resources: Resources = request.app.state.resources
    made = await service.start(
        resources.database,
        resources.identity(caller),
        resources.logger,
        task,
        body,
        by=caller.subject,
    )
    response.headers["Location"] = f"/v1/prompts/{task}/experiments/{made.id}"
    return made


@router.get("", dependencies=[read])
async def list_experiments(
    task: PathTask,
    session: DbSession,
    cursor: Before = None,
    limit: Annotated[int, Query(ge=1, le=200, description=MOST)] = 50,
) -> Page[Experiment]:
    """Experiments of a task, the newest first."""
    return await queries.page(session, task, before=cursor, limit=limit)


@router.get("/{experiment_id}", dependencies=[read])
async def get_experiment(
    task: PathTask, experiment_id: ExperimentId, session: DbSession
) -> Experiment:
    """How it stands: who gets what since when, the evidence of the newest look, how it ended."""
    return await queries.view(session, await queries.get(session, task, experiment_id))


@router.post(
    "/{experiment_id}/stop",
    dependencies=[write],
    responses={409: {"description": "It was rolled back"}},
)
async def stop_experiment(
    task: PathTask,
    experiment_id: ExperimentId,
    session: DbSession,
    caller: CallerDep,
    body: ExperimentStopIn = PLAINLY,
) -> Experiment:
    """Everybody gets what serves in production, at once. One that has won stays won, with its
    conclusion; who stopped it stands beside that. One that was stopped before, or that production
    has moved away from (`production_moved_at`), stays as it was."""
    return await service.stop(session, task, experiment_id, body, by=caller.subject)
