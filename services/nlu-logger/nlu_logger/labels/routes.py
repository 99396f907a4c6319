"""The label set of a task by HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from nlu_shared.kit.deps import CallerDep, DbSession, requires
from nlu_shared.kit.openapi import UNKNOWN_IS_EMPTY
from nlu_shared.kit.parameters import MOST, PathTask
from nlu_shared.schemas.base import Label, Page
from nlu_shared.schemas.labels import (
    LabelRename,
    LabelRenamed,
    LabelSet,
    LabelSetIn,
    LabelSetVersion,
)

from nlu_logger.labels import renames, service

router = APIRouter(prefix="/v1/tasks/{slug}/labels", tags=["labels"])
read, write = requires("ground-truth:read"), requires("labels:write")
OldLabel = Annotated[Label, Path(description="the label as it is called now, or an alias of it")]
Version = Annotated[
    int | None, Query(ge=1, lt=2**31, description="as it was then; without it, as it is")
]


@router.get("", dependencies=[read], responses={404: {"description": "No such version"}})
async def read_labels(
    slug: PathTask, session: DbSession, caller: CallerDep, version: Version = None
) -> LabelSet:
    """What a truth of the task may be. Version 0: nobody has said; the labels of its truths."""
    return await service.read(session, slug, version, caller=caller)


@router.put("", dependencies=[write], responses={409: {"description": "Another set, or in use"}})
async def define_labels(
    slug: PathTask, body: LabelSetIn, session: DbSession, caller: CallerDep
) -> LabelSet:
    """The whole set as it shall be, as a new version; the same set again is none.

    From now on a truth is one of its labels. A label that approved truths carry does not go: it
    can be retired, or renamed.
    """
    return await service.define(session, slug, body, caller=caller)


@router.get("/versions", dependencies=[read], openapi_extra=UNKNOWN_IS_EMPTY)
async def list_label_versions(
    slug: PathTask,
    session: DbSession,
    caller: CallerDep,
    cursor: Annotated[
        int | None, Query(ge=1, lt=2**31, description="`next_cursor` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description=MOST)] = 100,
) -> Page[LabelSetVersion]:
    """Who defined the set and when, the newest version first."""
    return await service.versions(session, slug, before=cursor, limit=limit, caller=caller)


@router.post("/{label}/rename", dependencies=[write])
async def rename_label(
    slug: PathTask, label: OldLabel, body: LabelRename, session: DbSession, caller: CallerDep
) -> LabelRenamed:
    """Renames a label in the set and over history, or merges it into one that exists.

    Approved cases, corrections, conflicts and findings carry the new name, so the data set is
    another one. The old name stays as an alias: what still comes with it is read as the new one.
    """
    return await renames.rename(session, slug, label, body, caller=caller)
