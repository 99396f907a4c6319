"""Versions: one beside another, what is proposed to serve, and what served."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from nlu_shared.files.spreadsheets import as_csv
from nlu_shared.kit.http.deps import AuthenticatorDep, CallerDep, DbSession
from nlu_shared.kit.http.parameters import PathTask
from nlu_shared.kit.pages.entrance import button
from nlu_shared.kit.pages.house import file
from nlu_shared.kit.pages.tables import MOST_SAVED, Sort
from nlu_shared.schemas.promotions import PromotionIn, PromotionProposal, ProposalStatus
from nlu_shared.schemas.prompts import PromptVersion, ServingAlias
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, PromptReader, decides, reads_prompts, registers
from induction.dashboard.versions import service, tables
from induction.prompts import pointer
from induction.prompts import promotion_routes as api
from induction.prompts import queries as registry

router = APIRouter()
VersionId = Annotated[UUID, Path(description="a version of this task's prompt")]


@router.get("/tasks/{task}/versions/{version_id}")
async def show_version(
    task: PathTask,
    version_id: VersionId,
    login: PromptReader,
    session: DbSession,
    authenticator: AuthenticatorDep,
    against: UUID | None = None,
) -> HTMLResponse:
    view = await service.version_page(session, task, version_id, authenticator, against=against)
    return HOUSE.page("version.html", login, at=None, view=view, aliases=list(ServingAlias))


@router.get("/tasks/{task}/production")
async def show_production(
    task: PathTask,
    login: PromptReader,
    session: DbSession,
    authenticator: AuthenticatorDep,
    alias: ServingAlias = ServingAlias.PRODUCTION,
    sort: Sort | None = None,
    cursor: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> HTMLResponse:
    view = await service.production_page(
        session, task, alias, authenticator, sort=sort, before=cursor
    )
    return HOUSE.page("production.html", login, at=None, view=view, aliases=list(ServingAlias))


@router.get("/tasks/{task}/production.csv", dependencies=[reads_prompts])
async def save_moves(
    task: PathTask,
    session: DbSession,
    alias: ServingAlias = ServingAlias.PRODUCTION,
    sort: Sort | None = None,
) -> Response:
    order = tables.moves(task, alias, sort).order
    page = await pointer.history(
        session, task, alias=alias, as_of=None, before=None, limit=MOST_SAVED, order=order
    )
    return file(alias.value, as_csv(tables.MOVES, page.items))


@router.get("/tasks/{task}/proposals")
async def show_proposals(
    task: PathTask,
    login: PromptReader,
    session: DbSession,
    authenticator: AuthenticatorDep,
    status: ProposalStatus | Literal[""] = "",
    sort: Sort | None = None,
    cursor: UUID | None = None,
) -> HTMLResponse:
    view = await service.proposals_page(
        session, task, authenticator, status=status or None, sort=sort, before=cursor
    )
    return HOUSE.page("proposals.html", login, at=None, view=view, statuses=list(ProposalStatus))


@router.get("/tasks/{task}/proposals.csv", dependencies=[reads_prompts])
async def save_proposals(
    task: PathTask,
    session: DbSession,
    status: ProposalStatus | Literal[""] = "",
    sort: Sort | None = None,
) -> Response:
    order = tables.proposals(task, status or None, sort).order
    page = await registry.proposal_page(
        session, task, status=status or None, before=None, limit=MOST_SAVED, order=order
    )
    return file("proposals", as_csv(tables.PROPOSALS, page.items))


@router.post(
    "/tasks/{task}/versions/{version_id}/promote", dependencies=[registers], response_model=None
)
async def press_promote(
    task: PathTask, version_id: VersionId, body: PromotionIn, session: DbSession, caller: CallerDep
) -> PromptVersion | PromotionProposal:
    """Done either way: what it has become stands on the page that follows."""
    return await api.promote_version(task, version_id, session, caller, Response(), body)


button(router, "/tasks/{task}/rollback", api.roll_back, registers)
button(router, "/tasks/{task}/proposals/{proposal_id}/approve", api.approve_proposal, decides)
button(router, "/tasks/{task}/proposals/{proposal_id}/reject", api.reject_proposal, decides)
