"""Rows as the text of a file: JSONL, CSV that no spreadsheet executes, one JSON array. Pure."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nlu_shared.schemas.exports import ExportFormat
from pydantic import JsonValue

Row = Mapping[str, JsonValue]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Legal inside JSON strings, yet many readers of lines, `str.splitlines` first, end a line there.
LINE_ENDS = {mark: f"\\u{mark:04x}" for mark in (0x85, 0x2028, 0x2029)}


@dataclass(frozen=True, slots=True)
class Form:
    """A file is `opening(columns)`, then blocks of rows with `between` among them, then `closing`.

    No block is empty.
    """

    media_type: str
    block: Callable[[Sequence[Row]], str]
    opening: Callable[[Sequence[str]], str] = lambda columns: ""
    between: str = ""
    closing: str = ""


def _line(row: Row) -> str:
    text = json.dumps(row, ensure_ascii=False)
    return (text if text.isascii() else text.translate(LINE_ENDS)) + "\n"


def _lines(rows: Sequence[Row]) -> str:
    return "".join(map(_line, rows))


def _elements(rows: Sequence[Row]) -> str:
    """The array is a list of indented objects, as a person edits them."""
    elements = (json.dumps(row, ensure_ascii=False, indent=2) for row in rows)
    return ",\n".join("  " + one.replace("\n", "\n  ") for one in elements)


def _table(rows: Sequence[Row]) -> str:
    return _csv([[_cell(value) for value in row.values()] for row in rows])


def _header(columns: Sequence[str]) -> str:
    return _csv([columns])


def _csv(rows: Sequence[Sequence[str]]) -> str:
    """RFC 4180: CRLF, quotes where needed."""
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _cell(value: JsonValue) -> str:
    """Text stands for itself, anything else as JSON, null as nothing."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return "'" + value if value.startswith(FORMULA_STARTS) else value


FORMS = {
    ExportFormat.JSONL: Form("application/x-ndjson", _lines),
    ExportFormat.CSV: Form("text/csv; charset=utf-8", _table, opening=_header),
    ExportFormat.JSON: Form(
        "application/json",
        _elements,
        opening=lambda columns: "[\n",
        between=",\n",
        closing="\n]\n",
    ),
}
