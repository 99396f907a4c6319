"""The label set of a task by HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.openapi import UNKNOWN_IS_EMPTY
from nlu_shared.kit.http.parameters import MOST, PathTask
from nlu_shared.schemas.base import Label, Page
from nlu_shared.schemas.labels import (
    LabelRename,
    LabelRenamed,
    LabelSet,
    LabelSetIn,
    LabelSetVersion,
)

from nlu_logger.labels import renames, service

router = APIRouter(prefix="/v1/tasks/{task}/labels", tags=["labels"])
read, write = requires("ground-truth:read"), requires("labels:write")
OldLabel = Annotated[Label, Path(description="the label as it is called now, or an alias of it")]
Version = Annotated[int, Path(ge=1, lt=2**31, description="version of the label set")]


@router.get("", dependencies=[read], openapi_extra=UNKNOWN_IS_EMPTY)
async def read_labels(task: PathTask, session: DbSession, caller: CallerDep) -> LabelSet:
    """What a truth of the task may be. Version 0: nobody has said; the labels of its truths."""
    return await service.read(session, task, caller=caller)


@router.put(
    "",
    dependencies=[write],
    openapi_extra=UNKNOWN_IS_EMPTY,
    responses={
        409: {"description": "Made from another version, or it lacks a label that is in use"}
    },
)
async def define_labels(
    task: PathTask, body: LabelSetIn, session: DbSession, caller: CallerDep
) -> LabelSet:
    """The whole set as it shall be, as a new version; the same set again is none.

    From now on a truth is one of its labels. A label that approved truths carry does not go: it
    can be retired, or renamed.
    """
    return await service.define(session, task, body, caller=caller)


@router.get("/versions", dependencies=[read], openapi_extra=UNKNOWN_IS_EMPTY)
async def list_label_versions(
    task: PathTask,
    session: DbSession,
    caller: CallerDep,
    cursor: Annotated[
        int | None, Query(ge=1, lt=2**31, description="`next_cursor` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description=MOST)] = 100,
) -> Page[LabelSetVersion]:
    """Who defined the set and when, the newest version first."""
    return await service.versions(session, task, before=cursor, limit=limit, caller=caller)


@router.get("/versions/{version}", dependencies=[read])
async def read_label_version(
    task: PathTask, version: Version, session: DbSession, caller: CallerDep
) -> LabelSet:
    """The set as it was then."""
    return await service.read_version(session, task, version, caller=caller)


@router.post(
    "/{label:path}/rename",
    dependencies=[write],
    responses={409: {"description": "It changed meanwhile; look again"}},
)
async def rename_label(
    task: PathTask, label: OldLabel, body: LabelRename, session: DbSession, caller: CallerDep
) -> LabelRenamed:
    """Renames a label in the set and over history, or merges it into one that exists.

    Approved cases, corrections, conflicts and findings carry the new name, so the data set is
    another one. The old name stays as an alias: what still comes with it is read as the new one.
    """
    return await renames.rename(session, task, label, body, caller=caller)
