"""Files as numbered rows: a table, an array, objects one a line. What cannot be read says why,
where, and never what stands there. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import JsonValue

from nlu_shared.kit.errors import Invalid

Row = Mapping[str, JsonValue]
LINE, BECAUSE = "rejected_line", "rejected_because"
"""Columns before the others in a file of rejected rows."""
Fault = Invalid
"""Why a row, or a whole file, cannot be read."""


class RowUnit(StrEnum):
    """What the numbers of rows count."""

    LINE = "line"
    ITEM = "item"
    """Of an array or a document, in its order."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row and where it begins: its line in the file, or its place in an array, from 1.

    `raw` is what stands there, for the file of rejected lines; empty where the row says it all.
    """

    number: int
    row: Row | Invalid
    unit: RowUnit = RowUnit.LINE
    raw: str = ""


def column(row: Row, name: str) -> str | None:
    """How the row spells the column `name`: as it is, else in another case or between blanks."""
    if name in row:
        return name
    return next((one for one in row if folded(one) == folded(name)), None)


def cell(row: Row, name: str) -> JsonValue:
    """What stands in a column; None where there is no such column."""
    spelled = column(row, name)
    return None if spelled is None else row[spelled]


def under(row: Row, names: Iterable[str]) -> dict[str, JsonValue]:
    """The row with these columns under these very names, and with its others."""
    spelled = {column(row, name): name for name in names}
    return {spelled.get(name, name): value for name, value in row.items()}


def folded(name: str) -> str:
    """Equal for names of one column."""
    return " ".join(name.casefold().split())
