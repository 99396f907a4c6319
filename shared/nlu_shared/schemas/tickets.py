"""What opens a stream where no key can be sent."""

from pydantic import Field

from nlu_shared.schemas.base import Moment, Schema


class StreamTicket(Schema):
    """Opens the stream of one run before `expires_at`, and its reconnects after, as `?ticket=`."""

    ticket: str = Field(description="for `?ticket=`")
    expires_at: Moment = Field(description="until when its first stream must be opened")
