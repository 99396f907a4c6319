"""Versions that leave, come in or meet logged traffic: what the API does, for who has logged in."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import button
from nlu_shared.kit.pages.house import HEADERS

from induction.bundles import routes as bundles
from induction.dashboard.house import reads_prompts, registers, steers
from induction.prompts import routes as prompts
from induction.runs import replay_routes as replays

router = APIRouter()
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]


@router.get(
    "/tasks/{task}/versions/{version_id}/export",
    dependencies=[reads_prompts],
    response_class=Response,
)
async def download_version(
    task: PathTask,
    version_id: VersionId,
    session: DbSession,
    request: Request,
    format: Literal["py", "json"] = "py",
) -> Response:
    made = await prompts.export_version(
        task, session, request, version=version_id, format=format, if_none_match=""
    )
    made.headers.update(_saved_as(f"prompts.{format}"))
    return made


@router.get("/tasks/{task}/versions/{version_id}/bundle", dependencies=[reads_prompts])
async def download_bundle(
    task: PathTask,
    version_id: VersionId,
    session: DbSession,
    request: Request,
    caller: CallerDep,
    examples: bool = False,
) -> Response:
    own_task(caller, task)
    made = await bundles.bundle_versions(
        task, request, session, caller, version=[version_id], examples=examples
    )
    headers = HEADERS | _saved_as(f"{task}.bundle.json")
    return Response(made.model_dump_json(), media_type="application/json", headers=headers)


button(router, "/tasks/{task}/versions", prompts.import_version, registers)
button(router, "/bundles", bundles.take_bundle, registers)
button(
    router,
    "/tasks/{task}/versions/{version_id}/replay",
    replays.replay_version,
    steers,
    response_model=None,
)


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
