"""What a look at approved cases asks for, and its address. Pure."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from nlu_shared.schemas.base import Label, Schema, Slug

from nlu_logger.dashboard.search.given import Words

TRUTHS = "/dashboard/truths"


class TruthsIn(Schema):
    """Each narrows what is listed; `before` is where a page begins."""

    task: Slug | None = None
    text: Words | None = None
    label: Label | None = None
    quotable: bool | None = None
    disputed: bool = False
    before: UUID | None = None


class CaseId(TruthsIn):
    """One case, and the list it stood in."""

    case: UUID


def address(wanted: TruthsIn, **more: Any) -> str:
    words = {True: "yes", False: "no"}
    given = wanted.model_dump(exclude_defaults=True, exclude={"before", "case"}) | more
    kept = {name: words[one] if isinstance(one, bool) else one for name, one in given.items()}
    return f"{TRUTHS}?{urlencode(kept)}" if kept else TRUTHS
