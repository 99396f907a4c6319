"""Rows with a text and a label column, as a table or as JSON; and codings of discussions, which
have statements in their place. Documented in docs/files.md. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from nlu_shared.files.formats.base import GROUP, LABEL, ROWS, TEXT, Columns, Format, Shape, refusal
from nlu_shared.files.rows import Line, Row, column, folded, under
from nlu_shared.kit.errors import Invalid

TWICE = (
    "Two fields are the text, the label or the group: their names differ in case or blanks only."
)


def has_columns(row: Row, columns: Columns) -> bool:
    """Whether a text and a label stand in the row, under the names that were given."""
    names = (columns.text or TEXT, columns.label or LABEL)
    return all(column(row, name) is not None for name in names)


def _examples(line: Line, columns: Columns) -> Iterator[Line]:
    if not isinstance(line.row, Invalid):
        named = [columns.text or TEXT, columns.label or LABEL, columns.group or GROUP]
        spelled_as = [folded(name) for name in line.row]
        if any(spelled_as.count(folded(name)) > 1 for name in named):
            yield refusal(line, TWICE, "no_column")
            return
        spelled = under(line.row, named)
        renamed = dict(zip(named, (TEXT, LABEL, GROUP), strict=True))
        others = {name: one for name, one in spelled.items() if name not in (TEXT, LABEL, GROUP)}
        values = {renamed[name]: spelled[name] for name in named if name in spelled}
        rest = {name: one for name, one in others.items() if name not in renamed}
        line = replace(line, row={**values, **rest})
    yield line


def _as_it_is(line: Line, _columns: Columns) -> Iterator[Line]:
    yield line


TABLE = Format(
    name="csv",
    title="a table with a text and a label column",
    shapes=frozenset({Shape.TABLE}),
    marks=frozenset({TEXT, LABEL}),
    examples=_examples,
)
JSON = Format(
    name="json",
    title="JSON objects with a text and a label, in an array or one a line",
    shapes=frozenset({Shape.JSON}),
    marks=frozenset({TEXT, LABEL}),
    examples=_examples,
)
DISCUSSIONS = Format(
    name="discussions",
    title="coded discussions of the extraction export",
    shapes=ROWS,
    marks=frozenset({"discussion", "statements"}),
    knows=lambda row: "statements" in row,
    examples=_as_it_is,
)
