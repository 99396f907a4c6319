"""Rows as the text of a file: JSONL, CSV that no spreadsheet executes, one JSON array. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Protocol

from nlu_shared.files.formulas import quoted
from nlu_shared.files.spreadsheets import BOM, written
from nlu_shared.schemas.exports import ExportFormat
from pydantic import JsonValue

Row = Sequence[JsonValue]
"""The values of the columns, in their order."""

# Legal inside JSON strings, yet many readers of lines, `str.splitlines` first, end a line there.
LINE_ENDS = ("\x85", "\u2028", "\u2029")
MEDIA_TYPES = {
    ExportFormat.JSONL: "application/x-ndjson",
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSON: "application/json",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}
_ENCODER = json.JSONEncoder(ensure_ascii=False)
# What the encoder writes, without setting it up anew for every value.
_SPELLINGS: dict[type, Callable[..., str]] = {
    str: encode_basestring,
    float: float.__repr__,
    bool: {True: "true", False: "false"}.__getitem__,
}


@dataclass(frozen=True, slots=True)
class Form:
    """A file is `opening`, then blocks of rows with `between` among them, then `closing`.

    No block is empty.
    """

    block: Callable[[Iterable[Row]], str]
    opening: str = ""
    between: str = ""
    closing: str = ""


class LineWriter:
    """A file of training rows whose texts the database has spelled as JSON."""

    def add(self, rows: Sequence[Row]) -> bytes:
        lines = [
            f'{{"text": {text}, "label": {label},'
            f' "confidence": {"null" if confidence is None else repr(confidence)},'
            f' "source": "production", "corrected": {"true" if corrected else "false"}}}\n'
            for text, label, confidence, corrected in rows
        ]
        return unbroken("".join(lines)).encode()

    def close(self) -> bytes:
        return b""


class Writer(Protocol):
    """A file that grows: the bytes each block of rows adds, and those that end it."""

    def add(self, rows: Sequence[Row]) -> bytes: ...

    def close(self) -> bytes: ...


class TextWriter:
    """A file of text, in UTF-8."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._is_empty = True

    def add(self, rows: Sequence[Row]) -> bytes:
        before = self._form.opening if self._is_empty else self._form.between
        self._is_empty = False
        return (before + self._form.block(rows)).encode()

    def close(self) -> bytes:
        before = self._form.opening if self._is_empty else ""
        return (before + self._form.closing).encode()


def form_of(format: ExportFormat, columns: Sequence[str], *, marked: bool = False) -> Form:
    """How rows of these columns are written; a table that is `marked` as UTF-8 opens right in a
    spreadsheet."""
    if format is ExportFormat.CSV:
        return Form(_table, opening=(BOM if marked else "") + _table([columns]))
    names = [_ENCODER.encode(name).replace("%", "%%") for name in columns]
    if format is ExportFormat.JSONL:
        return Form(_objects("{" + ", ".join(f"{name}: %s" for name in names) + "}\n", ""))
    fields = ",\n".join(f"    {name}: %s" for name in names)
    element = _objects(f"  {{\n{fields}\n  }}", ",\n")
    return Form(element, opening="[\n", between=",\n", closing="\n]\n")


def _objects(template: str, between: str) -> Callable[[Iterable[Row]], str]:
    def block(rows: Iterable[Row]) -> str:
        spelled = zip(*map(_spelled, zip(*rows, strict=True)), strict=True)
        return unbroken(between.join(map(template.__mod__, spelled)))

    return block


def unbroken(text: str) -> str:
    """JSON without the characters at which a reader of lines might end one."""
    for mark in LINE_ENDS:
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _spelled(column: Sequence[JsonValue]) -> Iterator[str]:
    """A column's values as JSON; most columns hold one kind of value."""
    kinds = set(map(type, column))
    spell = _SPELLINGS.get(kinds.pop()) if len(kinds) == 1 else None
    return map(spell or _ENCODER.encode, column)


def _table(rows: Iterable[Row]) -> str:
    return written([_cell(value) for value in row] for row in rows)


def _cell(value: JsonValue) -> str:
    """Text stands for itself, without a formula in it; anything else as JSON, null as nothing."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return _ENCODER.encode(value)
    return quoted(value)
