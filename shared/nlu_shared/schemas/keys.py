"""API keys as they travel. The key itself is shown once, when it is made."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from nlu_shared.schemas.base import Body, Label, Moment, SafeText, Schema, Slug

GRACE_HOURS = 24.0
KEY_PREFIX = "nlk_"

Scope = Annotated[SafeText, StringConstraints(min_length=1, max_length=64)]
"""Which ones there are is the service's own to say, by name."""


class KeyIn(Body):
    """`scopes` say what the key may do (`room:verb`, or `admin`); `tasks` None means every task."""

    name: Annotated[Label, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        description="what people call it"
    )
    scopes: Annotated[
        list[Scope],
        Field(
            min_length=1,
            max_length=64,
            description="what the key may do: room:verb, or admin for everything; GET"
            " /v1/admin/scopes lists them",
        ),
    ]
    tasks: list[Slug] | None = Field(
        default=None, description="the tasks it is for; null: every task"
    )
    expires_at: Moment | None = Field(
        default=None, description="when it stops opening anything, a moment to come; null: never"
    )


class ScopeView(Schema):
    """One thing a key may be allowed to do."""

    scope: str = Field(description="as it stands in a key's `scopes`")
    allows: str = Field(description="what it allows, in a sentence")


class KeyMade(KeyIn):
    """A new key, with what it opens with."""

    id: UUID = Field(description="names the key in paths and in the audit log")
    key: str = Field(description="the secret, shown here and never again")


class RotationIn(Body):
    """How long the old key goes on beside the new one."""

    grace_hours: Annotated[
        float,
        Field(
            ge=0, le=24 * 90, description="hours the old key goes on beside the new one; 0: none"
        ),
    ] = GRACE_HOURS


class KeyView(KeyIn):
    """A key as it stands."""

    id: UUID = Field(description="names the key in paths and in the audit log")
    revoked_at: Moment | None = Field(description="when it was revoked; null: it was not")
    created_at: Moment = Field(description="when it was made")
