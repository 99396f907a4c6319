"""Versions: one beside another, what is proposed to serve, and what served."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.schemas.promotions import (
    PromotionApprovalIn,
    PromotionIn,
    PromotionProposal,
    PromotionRejectionIn,
    ProposalStatus,
    RollbackIn,
)
from nlu_shared.schemas.prompts import PromptVersion
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, PromptReader, decides, registers
from induction.dashboard.versions import service
from induction.prompts import proposals
from induction.prompts import queries as registry
from induction.prompts import service as prompts

router = APIRouter()
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]
ProposalId = Annotated[UUID, Path(description="a proposal of this task")]


@router.get("/tasks/{task}/versions/{version_id}")
async def show_version(
    task: PathTask,
    version_id: VersionId,
    login: PromptReader,
    session: DbSession,
    against: UUID | None = None,
) -> HTMLResponse:
    view = await service.version_page(session, task, version_id, against=against)
    return HOUSE.page("version.html", login, at=None, view=view)


@router.get("/tasks/{task}/production")
async def show_production(
    task: PathTask,
    login: PromptReader,
    session: DbSession,
    cursor: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> HTMLResponse:
    view = await service.production_page(session, task, before=cursor)
    return HOUSE.page("production.html", login, at=None, view=view)


@router.get("/tasks/{task}/proposals")
async def show_proposals(
    task: PathTask,
    login: PromptReader,
    session: DbSession,
    status: ProposalStatus | Literal[""] = "",
    cursor: UUID | None = None,
) -> HTMLResponse:
    view = await service.proposals_page(session, task, status=status or None, before=cursor)
    return HOUSE.page("proposals.html", login, at=None, view=view, statuses=list(ProposalStatus))


@router.post(
    "/tasks/{task}/versions/{version_id}/promote", dependencies=[registers], response_model=None
)
async def press_promote(
    task: PathTask, version_id: VersionId, body: PromotionIn, session: DbSession, caller: CallerDep
) -> PromptVersion | PromotionProposal:
    proposal = await proposals.promote(session, task, version_id, body, by=caller.subject)
    if proposal is not None and proposal.status == ProposalStatus.WAITING:
        return await registry.proposal_view(session, proposal)
    return await registry.view(session, await prompts.get(session, task, version_id))


@router.post("/tasks/{task}/proposals/{proposal_id}/approve", dependencies=[decides])
async def press_approve_proposal(
    task: PathTask,
    proposal_id: ProposalId,
    body: PromotionApprovalIn,
    session: DbSession,
    caller: CallerDep,
) -> PromotionProposal:
    row = await proposals.approve(session, task, proposal_id, body, by=caller.subject)
    return await registry.proposal_view(session, row)


@router.post("/tasks/{task}/proposals/{proposal_id}/reject", dependencies=[decides])
async def send_rejection(
    task: PathTask,
    proposal_id: ProposalId,
    body: PromotionRejectionIn,
    session: DbSession,
    caller: CallerDep,
) -> PromotionProposal:
    row = await proposals.reject(session, task, proposal_id, body, by=caller.subject)
    return await registry.proposal_view(session, row)


@router.post("/tasks/{task}/rollback", dependencies=[registers])
async def press_roll_back(
    task: PathTask, body: RollbackIn, session: DbSession, caller: CallerDep
) -> PromptVersion:
    proposal = await proposals.roll_back(session, task, body, by=caller.subject)
    return await registry.view(session, await prompts.get(session, task, proposal.version_id))
