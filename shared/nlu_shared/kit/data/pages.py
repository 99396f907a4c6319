"""Lists by pages: a cursor is the key of a page's last row, and is None on the last page."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

Row = TypeVar("Row")


def cut(
    rows: Sequence[Row], limit: int, key: Callable[[Row], object] = attrgetter("id")
) -> tuple[Sequence[Row], str | None]:
    """The rows of one page, and the cursor that leads on from it.

    `rows` are read with LIMIT `limit` + 1: the one too many says that there are more. `key` gives
    what the list is ordered by.
    """
    page = rows[:limit]
    return page, str(key(page[-1])) if len(rows) > limit else None
