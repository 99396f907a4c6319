"""The rows that were refused, in a form that can be mended and brought in again. Pure.

Of a table a table with its columns and its separator, which opens in a spreadsheet; of JSON its
objects; of anything else a text and a label, as JSON. Each has its line and the reason before it.
"""

import json
from collections.abc import Sequence
from typing import Protocol

from nlu_shared.files.formats.base import Shape
from nlu_shared.files.formulas import quoted, unquoted
from nlu_shared.files.json_rows import parse
from nlu_shared.files.lines import is_broken
from nlu_shared.files.rows import BECAUSE, LINE, Line
from nlu_shared.files.spreadsheets import BOM, written
from nlu_shared.files.tables import cells_of, header_of
from nlu_shared.kit.errors import Invalid


class Rejected(Protocol):
    """A file of rejected rows: how its name ends, what opens it, and what each row adds."""

    ending: str
    opening: bytes

    def row(self, line: Line, why: str) -> bytes: ...


def rejected(shape: Shape, head: Sequence[str]) -> Rejected:
    """For a file of this shape that begins with these lines."""
    return _Table(head) if shape is Shape.TABLE else _Objects()


class _Table:
    ending = ".csv"

    def __init__(self, head: Sequence[str]) -> None:
        names, self._separator = header_of(head)
        self._before = 2 if names[:2] == [LINE, BECAUSE] else 0
        columns = [LINE, BECAUSE, *names[self._before :]]
        self.opening = (BOM + self._written(columns)).encode()

    def row(self, line: Line, why: str) -> bytes:
        cells = cells_of(_mended(line.raw), self._separator)
        there = cells[self._before :] or cells
        return self._written([str(line.number), why, *there]).encode()

    def _written(self, cells: Sequence[str]) -> str:
        guarded = [quoted(unquoted(cell)) for cell in cells]
        return written([guarded], delimiter=self._separator)


class _Objects:
    ending = ".jsonl"
    opening = b""

    def row(self, line: Line, why: str) -> bytes:
        raw = _mended(line.raw).strip()
        row: object = None if isinstance(line.row, Invalid) else line.row
        if raw.startswith(("{", "[")):
            try:
                row = parse(raw)
            except Invalid:
                return raw.encode() + b"\n"
        elif row is None:
            row = {"text": raw, "label": None}
        there = row if isinstance(row, dict) else {"row": row}
        return json.dumps({LINE: line.number, BECAUSE: why, **there}).encode() + b"\n"


def _mended(raw: str) -> str:
    """Bytes that are no UTF-8 are read as ANSI (Windows-1252), which they most often are."""
    if not is_broken(raw):
        return raw
    return raw.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
