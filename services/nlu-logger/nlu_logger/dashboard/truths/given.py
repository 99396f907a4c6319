"""What a look at approved cases asks for, and its address. Pure."""

from uuid import UUID

from nlu_shared.kit.pages.tables import Sort, Table
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
    sort: Sort | None = None
    before: UUID | None = None


class CaseId(TruthsIn):
    """One case, and the list it stood in."""

    case: UUID


COLUMNS = {
    "text": False, "truth": False, "task": False, "quotable": True, "approved": True, "from": False,
}  # fmt: skip


def table(wanted: TruthsIn) -> Table:
    given = wanted.model_dump(exclude_defaults=True, exclude={"before", "case", "sort"})
    return Table(TRUTHS, COLUMNS, "-approved", wanted.sort, given)
