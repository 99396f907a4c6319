"""The page of channels: who hears of the end of a run, and how the reports got on."""

from fastapi import APIRouter
from nlu_shared.kit.http.deps import CallerDep, DbSession
from nlu_shared.kit.pages.entrance import button
from nlu_shared.schemas.notices import ChannelIn, ChannelKind
from nlu_shared.schemas.runs import RunKind
from starlette.responses import HTMLResponse

from induction.dashboard.house import HOUSE, OPERATIONS, Administrator, administers
from induction.notices import routes as api
from induction.notices import service as notices
from induction.tasks import service as tasks

router = APIRouter()


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


button(router, "/channels", api.create_channel, administers)
button(router, "/channels/{channel_id}/test", api.test_channel, administers)
button(router, "/channels/{channel_id}/delete", api.delete_channel, administers, status_code=204)
