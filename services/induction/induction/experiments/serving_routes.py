"""What to run now, by HTTP: of production, or of the experiment for a unit."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from nlu_shared.kit.http.deps import DbSession, requires
from nlu_shared.kit.http.etags import is_held
from nlu_shared.kit.http.parameters import IfNoneMatch, PathTask
from nlu_shared.schemas.base import Label, digest
from nlu_shared.schemas.prompts import ServingAlias
from nlu_shared.schemas.registry import ActivePrompt

from induction.experiments import serving
from induction.prompts.routes import AliasQuery, model_settings

router = APIRouter(prefix="/v1/prompts/{task}", tags=["prompts"])
read = requires("prompts:read")


@router.get(
    "/active",
    dependencies=[read],
    response_model=ActivePrompt,
    responses={304: {"description": "The same version serves"}},
)
async def get_active(
    task: PathTask,
    session: DbSession,
    request: Request,
    response: Response,
    alias: AliasQuery = ServingAlias.PRODUCTION,
    unit: Annotated[
        Label | None,
        Query(
            description="who asks: a conversation or user, as predictions are logged with it. In an"
            " experiment a unit always gets the same version, or the candidate once its share grows"
        ),
    ] = None,
    if_none_match: IfNoneMatch = "",
) -> ActivePrompt | Response:
    """The version that serves and the request to send with a text; with its ETag in If-None-Match,
    asking again costs little."""
    active = await serving.active(session, task, alias, unit, settings=model_settings(request))
    etag = f'"{digest(active)}"'
    if is_held(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag})
    response.headers["ETag"] = etag
    return active
