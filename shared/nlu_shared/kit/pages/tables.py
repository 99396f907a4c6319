"""Tables that the server sorts, since not all of their rows are on the page: where their heads
lead. Pure.

A table whose rows are all on its page is sorted there (`static/tables.js`), by the same heads.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import StringConstraints

from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.order import NEWEST, Order

MOST_SAVED = 5_000
"""Rows of a file: what is longer is narrowed, or comes from the API."""
DOWN = "-"
Sort = Annotated[str, StringConstraints(pattern=r"^-?[a-z0-9_]{1,30}$")]
"""The name of a column, with a DOWN before it where the greatest come first."""
WORDS = {True: "yes", False: "no"}


@dataclass(frozen=True, slots=True)
class Table:
    """Of the page at `path`, narrowed as its address says in `given`.

    columns: the names of those that can be sorted, and whether a first click puts the greatest
        first.
    usual: how it is sorted where nobody says, the newest first.
    """

    path: str
    columns: Mapping[str, bool]
    usual: str
    sort: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_chosen(self) -> bool:
        """Is it sorted in another way than the usual one?"""
        return self.sort not in (None, self.usual)

    @property
    def order(self) -> Order:
        """Raises Invalid for a column that there is not."""
        if self.sort is None or not self.is_chosen:
            return NEWEST
        name = self.sort.removeprefix(DOWN)
        if name not in self.columns:
            raise Invalid("The table is not sorted by that column.", code="no_such_column")
        return Order(name, self.sort.startswith(DOWN))

    def state(self, name: str) -> str | None:
        """As `aria-sort` has it; None where it is sorted by another column."""
        now = self.sort or self.usual
        if now.removeprefix(DOWN) != name:
            return None
        return "descending" if now.startswith(DOWN) else "ascending"

    def head(self, name: str) -> str:
        """Where a click on a column leads: the first page of it, and the other way round the next
        time."""
        begins_down = self.columns[name]
        is_down = {None: begins_down, "ascending": True, "descending": False}[self.state(name)]
        sort = f"{DOWN if is_down else ''}{name}"
        return self._address(self.path, sort=None if sort == self.usual else sort)

    def page(self, **cursor: object) -> str:
        """Another page of the same."""
        return self._address(self.path, sort=self.sort, **cursor)

    @property
    def saved(self) -> str:
        return self._address(f"{self.path}.csv", sort=self.sort)

    def _address(self, path: str, **more: object) -> str:
        every = {**self.parameters, **more}
        words = {
            name: WORDS[value] if isinstance(value, bool) else value
            for name, value in every.items()
            if value not in (None, "")
        }
        return f"{path}?{urlencode(words)}" if words else path
