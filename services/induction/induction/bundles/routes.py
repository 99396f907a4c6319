"""Bundles by HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from nlu_shared.kit.access.auth import own_task
from nlu_shared.kit.data.db import session_scope
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.schemas.base import Slug
from nlu_shared.schemas.bundles import MOST_VERSIONS, BundleOrigin, BundleTaken, SignedBundle

from induction.bundles import service
from induction.prompts.routes import VersionId
from induction.resources import Resources
from induction.tasks import service as tasks

router = APIRouter(prefix="/v1", tags=["prompts"])
read, write = requires("prompts:read"), requires("prompts:write")
BUNDLED: dict[int | str, dict[str, Any]] = {
    409: {
        "description": "There is no key to sign with, a version's run goes on, or it is an ensemble"
    }
}
TAKEN: dict[int | str, dict[str, Any]] = {
    403: {"description": "Nobody here trusts the key that signed it"},
    404: {"description": "There is no such task"},
    409: {"description": "The task is archived"},
}


@router.get("/prompts/{task}/bundle", dependencies=[read], responses=BUNDLED)
async def bundle_versions(
    task: PathTask,
    request: Request,
    session: DbSession,
    caller: CallerDep,
    version: Annotated[
        list[UUID] | None,
        Query(max_length=MOST_VERSIONS, description="versions; without any, the one that serves"),
    ] = None,
    lineage: Annotated[bool, Query(description="with the versions they were made from?")] = True,
    examples: Annotated[bool, Query(description="with the texts of cases they show?")] = False,
) -> SignedBundle:
    """Versions for another instance, signed: with lineage, scores by era and their runs' reports.
    Without `examples` no text of a case leaves."""
    resources: Resources = request.app.state.resources
    return await service.export(
        session,
        resources.settings,
        task,
        version or (),
        lineage=lineage,
        examples=examples,
        by=caller.subject,
    )


@router.post("/bundles", dependencies=[write], status_code=201, responses=TAKEN)
async def take_bundle(
    body: SignedBundle,
    request: Request,
    caller: CallerDep,
    task: Annotated[
        Slug | None, Query(description="whose versions they become; without it, of that name")
    ] = None,
) -> BundleTaken:
    """Versions of another instance, once signature and hashes are checked; nothing in it is run.
    The same again makes nothing anew."""
    resources: Resources = request.app.state.resources
    target = task or body.claimed_task
    own_task(caller, target)
    identity = resources.identity(caller)
    spec = await tasks.fresh(resources.database, identity, resources.logger, target)
    bundle = service.verified(resources.settings, body)
    async with session_scope(resources.database, identity) as session:
        return await service.take(session, spec, body, bundle, by=caller.subject)


@router.get("/prompts/{task}/versions/{version_id}/origins", dependencies=[read])
async def list_origins(
    task: PathTask, version_id: VersionId, session: DbSession
) -> list[BundleOrigin]:
    """The bundles that a version came in, with its scores and its run's report as they were
    there."""
    return await service.origins(session, task, version_id)
