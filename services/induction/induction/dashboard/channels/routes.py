"""The page of channels: who hears of the end of a run, and how the reports got on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from nlu_shared.kit.http.deps import CallerDep, DbSession, settings_of
from nlu_shared.schemas.notices import ChannelIn, ChannelKind, ChannelMade
from nlu_shared.schemas.runs import RunKind
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, OPERATIONS, Administrator, administers
from induction.notices import service as notices
from induction.settings import Settings
from induction.tasks import service as tasks

router = APIRouter()
ChannelId = Annotated[UUID, Path(description="the channel")]


@router.get("/channels")
async def show_channels(
    login: Administrator, session: DbSession, caller: CallerDep
) -> HTMLResponse:
    return HOUSE.page(
        "channels.html",
        login,
        at=OPERATIONS,
        channels=await notices.every(session, caller=caller),
        kinds=list(ChannelKind),
        run_kinds=list(RunKind),
        usual=ChannelIn.model_fields["run_kinds"].default,
        tasks=[one.slug for one in await tasks.list_all(session) if caller.may_touch(one.slug)],
    )


@router.post("/channels", dependencies=[administers])
async def send_channel(
    body: ChannelIn,
    session: DbSession,
    caller: CallerDep,
    settings: Annotated[Settings, Depends(settings_of)],
) -> ChannelMade:
    return await notices.create(session, body, caller=caller, settings=settings)


@router.post("/channels/{channel_id}/delete", dependencies=[administers], status_code=204)
async def press_delete(channel_id: ChannelId, session: DbSession, caller: CallerDep) -> None:
    await notices.delete(session, channel_id, caller=caller)
