"""What a look at approved cases asks for, and its address. Pure."""

from uuid import UUID

from nlu_shared.kit.pages.tables import Sort, Table
from nlu_shared.schemas.base import Label, Schema, Slug

from nlu_logger.dashboard.search.filters import Words
from nlu_logger.dashboard.wording import LABEL, TASK, UUID_WORD, Word

TRUTHS = "/dashboard/truths"


WORDS = {
    "task": TASK,
    "text": Word("Text holds", "3 to 200 characters"),
    "label": Word("Label", LABEL),
    "quotable": Word("May be quoted", "one of the list"),
    "disputed": Word("In conflict", "yes or no"),
    "sort": Word("The order", "the head of a column"),
    "before": Word("The page", UUID_WORD),
}


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


def table(filters: TruthsIn) -> Table:
    parameters = filters.model_dump(exclude_defaults=True, exclude={"before", "case", "sort"})
    return Table(TRUTHS, COLUMNS, "-approved", filters.sort, parameters)
