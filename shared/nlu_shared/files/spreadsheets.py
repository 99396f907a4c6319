"""Rows as CSV for spreadsheets. Pure."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nlu_shared.files.formulas import quoted

BOM = "\ufeff"
"""By which spreadsheets know UTF-8."""
Columns = Mapping[str, Callable[[Any], object]]
"""What each column says of a row, by its name."""


def as_csv(columns: Columns, rows: Iterable[Any]) -> str:
    """With the names of the columns first; no cell is a formula."""
    cells = ([_cell(value(row)) for value in columns.values()] for row in rows)
    return BOM + written([[*columns], *cells])


def written(rows: Iterable[Sequence[object]], *, delimiter: str = ",") -> str:
    """Cells as they are, by RFC 4180: CRLF, quotes where needed."""
    text = _Text()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return "".join(text)


class _Text(list[str]):
    """What a writer of files writes, kept in memory."""

    write = list.append


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return quoted(str(value)) if isinstance(value, str) else value
