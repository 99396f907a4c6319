"""A file as rows, or as texts with their labels, whatever tool wrote it. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice

from pydantic import JsonValue

from nlu_shared.files.formats.base import LABEL, Columns, Format, Shape, refusal
from nlu_shared.files.formats.plain import has_columns
from nlu_shared.files.formats.registry import FORMATS, PLAIN, nearest
from nlu_shared.files.json_rows import read_json
from nlu_shared.files.lines import lines_of
from nlu_shared.files.rows import BECAUSE, Line, Row
from nlu_shared.files.tables import header_of, read_table, says_separator
from nlu_shared.kit.errors import Invalid
from nlu_shared.schemas.labels import NoLabel, read_label

LOOKED_AT = 100
"""Lines that tell the format."""
EMPTY = "The file is empty."
_MARKUP = re.compile(r"---\s*$|%YAML|- |[\w-]+[ \t]*:(?:\s|$)")


class FileKind(StrEnum):
    """What a file is, by its content type."""

    JSONL = "application/x-ndjson"
    JSON = "application/json"
    CSV = "text/csv"
    TSV = "text/tab-separated-values"
    YAML = "application/yaml"


class NotUnderstood(Invalid):
    """No format fits. `columns` are the names in the file, for nobody but who gave it."""

    code = "unknown_format"

    def __init__(self, detail: str, columns: Iterable[str] = ()) -> None:
        super().__init__(detail)
        self.columns = tuple(columns)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file whose format is known, and what it holds, in its order.

    `head` are its first lines: a table's rejected rows are written as it is.
    """

    format: Format
    shape: Shape
    head: Sequence[str]
    lines: Iterator[Line]


def read(file: Iterable[bytes], kind: FileKind | None = None) -> Iterator[Line]:
    """The rows of a file, given as its bytes (an open binary file); empty lines are left out. What
    `kind` says of JSON and tables is believed; without it the first sign tells.

    Raises Invalid where nothing can be told apart: no JSON at all, or a table without a header.
    """
    lines = lines_of(file)
    if kind in (FileKind.JSONL, FileKind.JSON):
        return read_json(lines)
    if kind in (FileKind.CSV, FileKind.TSV):
        return read_table(lines)
    head = list(islice(lines, LOOKED_AT))
    if not any(line.strip() for line in head):
        return iter(())
    return _rows(chain(head, lines), _table_or_json(head))


def examples(
    file: Iterable[bytes],
    columns: Columns,
    *,
    format: Format | None = None,
    strict: bool = True,
) -> Opened:
    """Texts with their labels, as rows with `text`, `label` and, where there are any, `group` and
    `context`. The format is guessed unless it is given.

    Raises Invalid for a file that cannot be read at all, NotUnderstood for one of no known format;
    where not `strict`, its rows are taken as they are, so that each is refused by itself.
    """
    lines = lines_of(file)
    head = list(islice(lines, LOOKED_AT))
    every = chain(head, lines)
    if not any(line.strip() for line in head):
        raise Invalid(EMPTY, code="empty_file")
    shape = _shape(head) if format is None else _shape_of(format, head)
    if shape is Shape.LINES:
        return _of_lines(every, format)
    is_told = format is not None or says_separator(head)
    known = None if is_told else next((one for one in FORMATS if one.knows_lines(head)), None)
    if known and known.of_lines:
        return Opened(known, Shape.LINES, head, known.of_lines(every))
    rows = _rows(every, shape)
    first = list(islice(rows, LOOKED_AT))
    shown = dict.fromkeys(header_of(head)[0]) if shape is Shape.TABLE else _first(first)
    read_as = format or _format_of(shown, shape, columns, strict=strict)
    made = _made(read_as, chain(first, rows), columns)
    is_plain = read_as in PLAIN.values()
    if format is not None and not is_plain and (shown is None or not format.knows(shown)):
        made = _something(made, format, nearest(shown or (), shape))
    return Opened(read_as, shape, head, made)


def _of_lines(every: Iterator[str], format: Format | None) -> Opened:
    """Markup may say late in a file what it is."""
    lines = list(every)
    read_as = format or next((one for one in FORMATS if one.knows_lines(lines)), None)
    if read_as is None or read_as.of_lines is None:
        raise NotUnderstood(
            "This looks like YAML; the nearest format is rasa, Rasa's nlu.yml: it has no `nlu`."
        )
    made = read_as.of_lines(iter(lines))
    if format is not None and not format.knows_lines(lines):
        made = _something(made, format, PLAIN[_table_or_json(lines[:LOOKED_AT])])
    return Opened(read_as, Shape.LINES, lines[:LOOKED_AT], made)


def _something(lines: Iterator[Line], format: Format, near: Format) -> Iterator[Line]:
    """The lines of a file that does not look like the format it is said to be of; where nothing of
    it is labelled that is refused, and not nothing to do."""
    is_empty = True
    for line in lines:
        is_empty = is_empty and _has_none(line)
        yield line
    if is_empty:
        yield Line(
            1,
            Invalid(
                f"Nothing here is labelled as in {format.name}, {format.title}; the nearest format"
                f" is {near.name}, {near.title}.",
                code="unknown_format",
            ),
        )


def _made(format: Format, rows: Iterable[Line], columns: Columns) -> Iterator[Line]:
    for line in rows:
        if isinstance(line.row, Invalid) or format.examples is None:
            yield line
        else:
            for one in format.examples(line, columns):
                yield _still_rejected(one) if line.row.get(BECAUSE) and _has_none(one) else one


def _still_rejected(line: Line) -> Line:
    """Of a file of rejected rows one that nobody has mended: unlabelled rows are never in it."""
    return refusal(
        line, f"It was rejected before, as {BECAUSE} says, and has no label.", "no_label"
    )


def _has_none(line: Line) -> bool:
    return not isinstance(line.row, Invalid) and _is_none(line.row.get(LABEL))


def _is_none(label: JsonValue) -> bool:
    try:
        return read_label(label) is None
    except NoLabel:
        return False


def _first(rows: Sequence[Line]) -> Row | None:
    return next((line.row for line in rows if not isinstance(line.row, Invalid)), None)


def _format_of(row: Row | None, shape: Shape, columns: Columns, *, strict: bool) -> Format:
    """By the first row there is, or the header of a table."""
    if row is None or (columns.text and columns.label and has_columns(row, columns)):
        return PLAIN[shape]
    known = (one for one in FORMATS if shape in one.shapes and one.knows(row))
    if (first := next(known, None)) is not None:
        return first
    if has_columns(row, columns) or not strict:
        return PLAIN[shape]
    near = nearest(row, shape)
    raise NotUnderstood(
        f"No format is known that fits; the nearest is {near.name}, {near.title}."
        " Name the columns of text and label, or the format.",
        row,
    )


def _shape(head: Sequence[str]) -> Shape:
    first = next((line for line in head if line.strip() and not line.startswith("#")), "")
    if first.lstrip().startswith(("{", "[")):
        return Shape.JSON
    return Shape.LINES if _MARKUP.match(first) else Shape.TABLE


def _shape_of(format: Format, head: Sequence[str]) -> Shape:
    """Of a format that has several shapes the one that is seen."""
    return _table_or_json(head) if len(format.shapes) > 1 else next(iter(format.shapes))


def _table_or_json(head: Sequence[str]) -> Shape:
    return Shape.JSON if _shape(head) is Shape.JSON else Shape.TABLE


def _rows(lines: Iterator[str], shape: Shape) -> Iterator[Line]:
    return read_json(lines) if shape is Shape.JSON else read_table(lines)
