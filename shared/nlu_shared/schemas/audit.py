"""One line of the audit log as it travels."""

from uuid import UUID

from pydantic import JsonValue

from nlu_shared.schemas.base import Moment, Schema


class AuditLine(Schema):
    """Who (`actor`) did what (`action`, as `room.verb`) to which thing (`subject`)."""

    id: UUID
    at: Moment
    actor: str
    action: str
    subject: str
    details: JsonValue
