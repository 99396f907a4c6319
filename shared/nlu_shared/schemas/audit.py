"""One line of the audit log as it travels."""

from uuid import UUID

from pydantic import Field, JsonValue

from nlu_shared.schemas.base import Moment, Schema


class AuditLine(Schema):
    """Who (`actor`) did what (`action`, as `room.verb`) to which thing (`subject`)."""

    id: UUID = Field(description="later lines have greater ids")
    at: Moment = Field(description="when it was recorded")
    actor: str = Field(description="subject of the caller, such as key:<id> or user:<id>")
    action: str = Field(description="as room.verb, such as corrections.approve")
    subject: str = Field(description="id of what was changed")
    details: JsonValue = Field(description="what else is worth keeping; never a person's text")
