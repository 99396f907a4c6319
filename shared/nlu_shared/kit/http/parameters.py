"""Parameters that many operations share: their types, bounds and descriptions, once."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Path, Query

from nlu_shared.schemas.base import Label, Moment, Slug

MOST = "most items of the answer"
"""Describes a `limit`."""
Cursor = Annotated[UUID | None, Query(description="`next_cursor` of the page before")]
Before = Annotated[UUID | None, Query(description="the last id that was read: older ones follow")]
IfNoneMatch = Annotated[str, Header(description="ETags of what the caller has: 304 if it stands")]

PathTask = Annotated[Slug, Path(description="slug of the task")]
OneTask = Annotated[Slug, Query(description="slug of the task")]
AnyTask = Annotated[
    Slug | None, Query(description="of this task alone; without it, of all the caller may see")
]

Since = Annotated[
    Moment | None, Query(alias="from", description="the first moment that counts, with its offset")
]
Until = Annotated[
    Moment | None, Query(alias="to", description="the first moment that no longer counts")
]
ModelVersion = Annotated[Label | None, Query(description="answered by this model version alone")]
PromptVersion = Annotated[Label | None, Query(description="answered under this prompt version")]
