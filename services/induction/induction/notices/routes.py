"""Channels that hear of a run's end, for administrators."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from nlu_shared.kit.access.auth import ADMIN
from nlu_shared.kit.http.deps import CallerDep, DbSession, requires, settings_of
from nlu_shared.schemas.notices import ChannelIn, ChannelMade, ChannelState, ChannelTest

from induction.notices import service, testing
from induction.resources import Resources
from induction.settings import Settings

router = APIRouter(prefix="/v1/admin/channels", tags=["admin"], dependencies=[requires(ADMIN)])
ChannelId = Annotated[UUID, Path(description="the channel")]


@router.post(
    "", status_code=201, responses={404: {"description": "There is no task of one of the names"}}
)
async def create_channel(
    body: ChannelIn,
    session: DbSession,
    caller: CallerDep,
    settings: Annotated[Settings, Depends(settings_of)],
) -> ChannelMade:
    """Is told of every run that ends from now on, by e-mail, Slack or signed webhook."""
    return await service.create(session, body, caller=caller, settings=settings)


@router.get("")
async def list_channels(session: DbSession, caller: CallerDep) -> list[ChannelState]:
    """Channels about the caller's tasks, oldest first, and how their reports got on."""
    return await service.every(session, caller=caller)


@router.post("/{channel_id}/test")
async def test_channel(channel_id: ChannelId, request: Request, caller: CallerDep) -> ChannelTest:
    """Sends a notice at once, as reports are sent, and says how that went: delivered, refused with
    the status, or nobody reached. It is not tried again, and counts among no reports."""
    resources: Resources = request.app.state.resources
    return await testing.sent(resources, channel_id, caller)


@router.delete("/{channel_id}", status_code=204)
async def delete_channel(channel_id: ChannelId, session: DbSession, caller: CallerDep) -> None:
    """With the reports that are still to be sent."""
    await service.delete(session, channel_id, caller=caller)
