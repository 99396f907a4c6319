"""What serves, by HTTP: promoted, rolled back, approved of, and looked back at."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires
from nlu_shared.kit.http.parameters import MOST, Before, PathTask
from nlu_shared.schemas.base import Moment, Page
from nlu_shared.schemas.promotions import (
    PointerMove,
    PromotionApprovalIn,
    PromotionIn,
    PromotionProposal,
    PromotionRejectionIn,
    ProposalStatus,
    RollbackIn,
)
from nlu_shared.schemas.prompts import PromptVersion, ServingAlias

from induction.prompts import pointer, proposals, queries, service
from induction.prompts.routes import AliasQuery, VersionId

router = APIRouter(prefix="/v1/prompts/{task}", tags=["prompts"])
ProposalId = Annotated[UUID, Path(description="a proposal of this task")]
read, write, decide = (requires(f"prompts:{one}") for one in ("read", "write", "approve"))
AT_ONCE, BACK, YES = PromotionIn(), RollbackIn(), PromotionApprovalIn()
PROMOTED: dict[int | str, dict[str, Any]] = {
    200: {"model": PromptVersion, "description": "It serves"},
    202: {"model": PromotionProposal, "description": "It waits for approval (Location)"},
    409: {"description": "It has another hash, or the task asks for a better verdict first"},
}
DECIDED: dict[int | str, dict[str, Any]] = {
    409: {
        "description": "The proposal waits no more, or its version is not the one named, or the"
        " task asks for a better verdict now"
    }
}


@router.post(
    "/versions/{version_id}/promote",
    dependencies=[write],
    response_model=None,
    responses=PROMOTED,
)
async def promote_version(
    task: PathTask,
    version_id: VersionId,
    session: DbSession,
    caller: CallerDep,
    response: Response,
    body: PromotionIn = AT_ONCE,
) -> PromptVersion | PromotionProposal:
    """From now on this version serves (200), or once enough others have approved of it (202)."""
    proposal = await proposals.promote(session, task, version_id, body, by=caller.subject)
    if proposal is not None and proposal.status == ProposalStatus.WAITING:
        response.status_code = 202
        response.headers["Location"] = f"/v1/prompts/{task}/proposals/{proposal.id}"
        return await queries.proposal_view(session, proposal)
    return await queries.view(session, await service.get(session, task, version_id))


@router.post(
    "/rollback",
    dependencies=[write],
    responses={409: {"description": "No earlier version has served, or another serves now"}},
)
async def roll_back(
    task: PathTask, session: DbSession, caller: CallerDep, body: RollbackIn = BACK
) -> PromptVersion:
    """The version that served before serves again, at once; once more, and it is the one before
    that."""
    proposal = await proposals.roll_back(session, task, body, by=caller.subject)
    return await queries.view(session, await service.get(session, task, proposal.version_id))


@router.get("/history", dependencies=[read])
async def list_pointer_moves(
    task: PathTask,
    session: DbSession,
    alias: AliasQuery = ServingAlias.PRODUCTION,
    as_of: Annotated[
        Moment | None,
        Query(description="only what had happened by then: the first line served at that moment"),
    ] = None,
    cursor: Annotated[
        int | None, Query(ge=1, lt=2**31, description="`next_cursor` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200, description=MOST)] = 50,
) -> Page[PointerMove]:
    """What has served, who moved it there, when, from what and why, the newest first. Nothing of it
    is ever changed."""
    return await pointer.history(
        session, task, alias=alias, as_of=as_of, before=cursor, limit=limit
    )


@router.get("/proposals", dependencies=[read])
async def list_proposals(
    task: PathTask,
    session: DbSession,
    status: Annotated[
        ProposalStatus | None, Query(description="waiting, applied, rejected or stale ones alone")
    ] = None,
    cursor: Before = None,
    limit: Annotated[int, Query(ge=1, le=200, description=MOST)] = 50,
) -> Page[PromotionProposal]:
    """What was proposed to serve, with its evidence and what became of it, the newest first."""
    return await queries.proposal_page(session, task, status=status, before=cursor, limit=limit)


@router.get("/proposals/{proposal_id}", dependencies=[read])
async def get_proposal(
    task: PathTask, proposal_id: ProposalId, session: DbSession
) -> PromotionProposal:
    """A proposal with its evidence and who decided what on it."""
    return await queries.proposal_view(session, await proposals.get(session, task, proposal_id))


@router.post("/proposals/{proposal_id}/approve", dependencies=[decide], responses=DECIDED)
async def approve_proposal(
    task: PathTask,
    proposal_id: ProposalId,
    session: DbSession,
    caller: CallerDep,
    body: PromotionApprovalIn = YES,
) -> PromotionProposal:
    """Counts as one approval, of anybody but its author; with the last one needed the version
    serves."""
    row = await proposals.approve(session, task, proposal_id, body, by=caller.subject)
    return await queries.proposal_view(session, row)


@router.post("/proposals/{proposal_id}/reject", dependencies=[decide], responses=DECIDED)
async def reject_proposal(
    task: PathTask,
    proposal_id: ProposalId,
    body: PromotionRejectionIn,
    session: DbSession,
    caller: CallerDep,
) -> PromotionProposal:
    """Ends the proposal: one no is enough. Its author may withdraw it so."""
    row = await proposals.reject(session, task, proposal_id, body, by=caller.subject)
    return await queries.proposal_view(session, row)
