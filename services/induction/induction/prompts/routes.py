"""The registry by HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from nlu_shared.kit.deps import CallerDep, DbSession, requires
from nlu_shared.kit.etags import is_held
from nlu_shared.schemas.base import Page, Slug
from nlu_shared.schemas.diffs import PromptDiff
from nlu_shared.schemas.prompts import ActivePrompt, PromptImport, PromptVersion
from starlette.responses import PlainTextResponse

from induction.prompts import export, service

router = APIRouter(prefix="/v1/prompts/{task}", tags=["prompts"])
read, write = requires("prompts:read"), requires("prompts:write")


@router.post("/versions", dependencies=[write], status_code=201)
async def import_version(
    task: Slug, asked: PromptImport, session: DbSession, caller: CallerDep, response: Response
) -> PromptVersion:
    row, is_new = await service.bring_in(session, task, asked, by=caller.subject)
    response.status_code = 201 if is_new else 200
    return await service.view(session, row)


@router.get("/versions", dependencies=[read])
async def list_versions(
    task: Slug,
    session: DbSession,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page[PromptVersion]:
    return await service.page(session, task, after=cursor, limit=limit)


@router.get("/versions/{version_id}", dependencies=[read])
async def get_version(task: Slug, version_id: UUID, session: DbSession) -> PromptVersion:
    return await service.view(session, await service.get(session, task, version_id))


@router.get("/versions/{version_id}/diff", dependencies=[read])
async def diff_versions(
    task: Slug, version_id: UUID, against: UUID, session: DbSession
) -> PromptDiff:
    """What changed from the version `against` to this one."""
    return await service.diff(session, task, before=against, after=version_id)


@router.post("/versions/{version_id}/promote", dependencies=[write])
async def promote_version(
    task: Slug, version_id: UUID, session: DbSession, caller: CallerDep
) -> PromptVersion:
    await service.promote(session, task, version_id, by=caller.subject)
    return await service.view(session, await service.get(session, task, version_id))


@router.post("/rollback", dependencies=[write])
async def roll_back(task: Slug, session: DbSession, caller: CallerDep) -> PromptVersion:
    version_id = await service.roll_back(session, task, by=caller.subject)
    return await service.view(session, await service.get(session, task, version_id))


@router.get("/active", dependencies=[read], response_model=ActivePrompt)
async def get_active(
    task: Slug,
    session: DbSession,
    response: Response,
    if_none_match: Annotated[str, Header()] = "",
) -> ActivePrompt | Response:
    active = await service.active(session, task)
    etag = f'"{active.version_hash}"'
    if is_held(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag})
    response.headers["ETag"] = etag
    return active


@router.get("/export", dependencies=[read], response_class=PlainTextResponse)
async def export_version(
    task: Slug,
    session: DbSession,
    version: UUID | None = None,
    format: Literal["py", "json"] = "py",
) -> Response:
    """The version named, else the one that serves, as text. Its id and sha256 are in it."""
    version_id = version or (await service.active(session, task)).version_id
    row = await service.get(session, task, version_id)
    seen = await service.view(session, row)
    facts = service.export_facts(seen)
    write_as = export.to_module if format == "py" else export.to_json
    text = write_as(row.prompt(), task=task, version_id=row.id, facts=facts)
    kind = "text/x-python" if format == "py" else "application/json"
    return Response(text, media_type=kind, headers={"ETag": f'"{row.version_hash}"'})
