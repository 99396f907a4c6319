"""What the forms of keys and of the audit log give. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from nlu_shared.kit.pages.tables import Sort, Table
from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.keys import GRACE_HOURS, KeyIn, Scope
from pydantic import Field, StringConstraints

from nlu_logger.dashboard.search.filters import At
from nlu_logger.dashboard.wording import MOMENT, SLUG, Word

Line = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


KEY_WORDS = {
    "name": Word("Name", "a name of at most 200 characters", empty="A key has a name."),
    "scopes": Word("May", "one thing at least", empty="Choose what the key may do."),
    "tasks": Word("For these tasks alone", f"names of tasks ({SLUG}), parted by blanks", "task"),
    "expires_at": Word("Ends", MOMENT),
    "grace_hours": Word("Old key ends after, hours", "a number from 0 to 2160"),
}


class NewKeyIn(Schema):
    """`tasks` are parted by blanks or commas; none: every task."""

    name: Line = ""
    scopes: tuple[Scope, ...] = ()
    tasks: Line | None = None
    expires_at: At | None = None

    def request(self) -> KeyIn:
        """Raises ValidationError."""
        tasks = (self.tasks or "").replace(",", " ").split() or None
        fields = {"name": self.name, "scopes": list(self.scopes), "tasks": tasks}
        return KeyIn.model_validate({**fields, "expires_at": self.expires_at})


class KeyId(Schema):
    key: UUID


class RotateIn(KeyId):
    grace_hours: Annotated[float, Field(ge=0, le=24 * 90)] = GRACE_HOURS


class AuditIn(Schema):
    """Each narrows the lines; `before` is where a page begins."""

    actor: Line | None = None
    action: Line | None = None
    subject: Line | None = None
    sort: Sort | None = None
    before: UUID | None = None


AUDIT = "/dashboard/operations/audit"
COLUMNS = {"at": True, "actor": False, "action": False, "subject": False}


def table(filters: AuditIn) -> Table:
    parameters = filters.model_dump(exclude_none=True, exclude={"before", "sort"})
    return Table(AUDIT, COLUMNS, "-at", filters.sort, parameters)


def apart(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Subjects by their names, each with the end of its id where others are called the same."""
    count = Counter(names.values())
    named = [
        (one, name if count[name] == 1 else f"{name} (…{one[-6:]})") for one, name in names.items()
    ]
    return sorted(named, key=lambda one: (one[1].casefold(), one[0]))
