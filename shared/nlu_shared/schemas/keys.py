"""API keys as they travel. The key itself is shown once, when it is made."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from nlu_shared.schemas.base import Label, Moment, Schema, Slug

GRACE_HOURS = 24.0
KEY_PREFIX = "nlk_"

Scope = Annotated[str, StringConstraints(pattern=r"^[a-z-]+(:[a-z]+)?$", max_length=64)]


class KeyIn(Schema):
    """`scopes` say what the key may do (`room:verb`, or `admin`); `tasks` None means every task."""

    name: Label
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=64)]
    tasks: list[Slug] | None = None
    expires_at: Moment | None = None


class KeyMade(KeyIn):
    id: UUID
    key: str


class RotationIn(Schema):
    """How long the old key goes on beside the new one."""

    grace_hours: Annotated[float, Field(ge=0, le=24 * 90)] = GRACE_HOURS


class KeyView(KeyIn):
    id: UUID
    revoked_at: Moment | None
    created_at: Moment
