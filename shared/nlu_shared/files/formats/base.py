"""What a format is, and the words that formats share. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pydantic import JsonValue

from nlu_shared.files.rows import Line, Row, RowUnit, cell
from nlu_shared.kit.errors import Invalid

TEXT, LABEL, GROUP = "text", "label", "group"
"""The columns of an example, whatever it was before."""


class Shape(StrEnum):
    """How a file is laid out."""

    TABLE = "table"
    JSON = "json"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a person says text and label stand; None where nothing was named."""

    text: str | None = None
    label: str | None = None
    group: str | None = None


def _never(_row: Row) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of file.

    name: as in `--from`.
    title: for a person.
    shapes: a table and JSON are handed over row by row, lines as they stand.
    marks: names that its rows or documents have; what is not understood is named with the format
        it shares most of them with.
    knows: whether a row is of this format. Formats of lines know by `knows_lines`.
    examples: what a row holds; those that refuse keep the number of their row.
    of_lines: what the lines of a file hold.
    """

    name: str
    title: str
    shapes: frozenset[Shape]
    marks: frozenset[str] = frozenset()
    knows: Callable[[Row], bool] = _never
    examples: Callable[[Line, Columns], Iterable[Line]] | None = None
    knows_lines: Callable[[Sequence[str]], bool] = field(default=lambda _head: False)
    of_lines: Callable[[Iterator[str]], Iterator[Line]] | None = None


ROWS = frozenset({Shape.TABLE, Shape.JSON})


def example(
    at: Line,
    text: JsonValue,
    label: JsonValue,
    *,
    group: JsonValue = None,
    before: Sequence[Mapping[str, JsonValue]] = (),
) -> Line:
    """A text with its label where `at` stands; `before` are the turns that were said before it."""
    row: dict[str, JsonValue] = {TEXT: text, LABEL: label}
    if group not in (None, ""):
        row[GROUP] = group
    if before:
        row["context"] = {"before": [dict(turn) for turn in before]}
    return replace(at, row=row)


def refusal(at: Line, why: str, code: str = "invalid") -> Line:
    """The row is refused; what stood there goes to the rejected lines."""
    raw = at.raw or json.dumps(at.row, ensure_ascii=False)
    return replace(at, row=Invalid(why, code=code), raw=raw)


def item(number: int, text: JsonValue, label: JsonValue) -> Line:
    """An example of a document, by its place in it."""
    return Line(number, {TEXT: text, LABEL: label}, RowUnit.ITEM)


def flaw(number: int, why: str, there: JsonValue) -> Line:
    """A place in a document that holds no example; what is `there` goes to the rejected rows."""
    raw = json.dumps(there, ensure_ascii=False)
    return Line(number, Invalid(why, code="not_understood"), RowUnit.ITEM, raw)


def first_of(row: Row, names: Iterable[str]) -> JsonValue:
    """What stands in the first of these columns that holds anything."""
    return next((one for name in names if (one := cell(row, name)) not in (None, "")), None)


def a_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def an_object(value: JsonValue) -> Row:
    return value if isinstance(value, dict) else {}
