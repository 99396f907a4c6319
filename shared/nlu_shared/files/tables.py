"""CSV as spreadsheets, databases and people write it. Pure."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest

from nlu_shared.files.formulas import unquoted
from nlu_shared.files.lines import NOT_UTF8, is_broken
from nlu_shared.files.rows import BECAUSE, LINE, Line, Row, folded
from nlu_shared.kit.errors import Invalid

SEPARATORS = ",;\t|"
LOOKED_AT = 20
"""Lines after the header that help to tell the separator."""
HEADER_LINES = 50
NO_HEADER = "A table begins with the names of its columns, each once, whatever its case"
# Python's own limit of 131,072 is below what a truth in a cell of our own export may take.
csv.field_size_limit(2**31 - 1)
_QUOTED = re.compile(r'"[^"]*"?')
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class _Lines:
    """Counts the lines that are taken, and keeps those of the row that is being read."""

    def __init__(self, lines: Iterator[str], before: int) -> None:
        self._lines = lines
        self.count = before
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        self.taken.append(line)
        return line


def read_table(lines: Iterator[str]) -> Iterator[Line]:
    """The rows under their header; blank lines are left out. Raises Invalid without a header."""
    header, separator, before = _opening(lines)
    ahead = list(islice(lines, LOOKED_AT))
    separator = separator or _separator(header, ahead)
    spaced = _is_spaced(header, separator)
    names = _names(header, separator, spaced=spaced)
    numbered = _Lines(chain(ahead, lines), before)
    reader = csv.reader(numbered, delimiter=separator, skipinitialspace=spaced, strict=True)
    while True:
        numbered.taken.clear()
        number = numbered.count + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Line(number, _no_csv(numbered.taken), raw="".join(numbered.taken))
            continue
        if any(one.strip() for one in cells):
            row = _unmended(names, cells, separator) or _row(names, cells)
            yield Line(number, row, raw="".join(numbered.taken))


def header_of(head: Sequence[str]) -> tuple[list[str], str]:
    """The names of the columns, and what parts them, of a table that begins so. Raises Invalid."""
    lines = iter(head)
    header, separator, _ = _opening(lines)
    separator = separator or _separator(header, list(islice(lines, LOOKED_AT)))
    return _names(header, separator, spaced=_is_spaced(header, separator)), separator


def says_separator(head: Sequence[str]) -> bool:
    """Whether a line `sep=` comes first, which is in tables alone."""
    return _SEP.fullmatch(next((line for line in head if line.strip()), "")) is not None


def cells_of(raw: str, separator: str) -> list[str]:
    """The cells of a row, however it is written; quotes inside quotes may be doubled or have a
    backslash before them. What has no cells is one."""
    doubled = csv.reader([raw], delimiter=separator, strict=True)
    escaped = csv.reader(
        [raw], delimiter=separator, strict=True, doublequote=False, escapechar="\\"
    )
    for reader in (doubled, escaped):
        try:
            return next(reader, [])
        except csv.Error:
            continue
    return [raw.strip("\r\n")]


def _opening(lines: Iterator[str]) -> tuple[str, str | None, int]:
    """The header, its separator where a line `sep=` before it says one, and the lines so far."""
    separator: str | None = None
    header, count = "", 0
    for line in lines:
        count += 1
        if separator is None and not header and (says := _SEP.fullmatch(line)):
            separator = says.group(1)
            continue
        header += line
        if count > HEADER_LINES or (header.strip() and header.count('"') % 2 == 0):
            break
        if not header.strip():
            header = ""
    return header, separator, count


def _separator(header: str, ahead: Sequence[str]) -> str:
    """The sign, outside quotes, that stands in the header and as often in the most lines after."""
    bare = _QUOTED.sub("", header)
    following = [_QUOTED.sub("", line) for line in ahead]

    def likeness(sign: str) -> tuple[int, int]:
        many = bare.count(sign)
        alike = sum(line.count(sign) == many for line in following if line.strip())
        return (1 + alike, many) if many else (0, 0)

    return max(SEPARATORS, key=likeness)


def _is_spaced(header: str, separator: str) -> bool:
    """Whether a blank follows each separator, so that quotes may come after it."""
    bare = _QUOTED.sub("x", header)
    return 0 < bare.count(separator) == bare.count(f"{separator} ")


def _names(header: str, separator: str, *, spaced: bool) -> list[str]:
    if is_broken(header):
        raise Invalid(f"The header is {NOT_UTF8}.", code="invalid_text")
    try:
        cells = next(csv.reader([header], delimiter=separator, skipinitialspace=spaced), [])
    except csv.Error:
        cells = []
    names = [" ".join(name.split()) for name in cells]
    named = [name for name in names if name]
    if not named or len(set(map(folded, named))) < len(named):
        raise Invalid(f"{NO_HEADER}.", code="no_header")
    while not names[-1]:
        names.pop()
    return names


def _row(names: list[str], cells: list[str]) -> Row | Invalid:
    """By name; spreadsheets leave empty cells off at the end of a row, or add some."""
    if any(one.strip() for one in cells[len(names) :]):
        return Invalid(
            f"{len(cells)} cells where the header names {len(names)}:"
            " a cell that holds the separator needs quotes around it.",
            code="invalid_csv",
        )
    for place, one in enumerate(cells, start=1):
        if is_broken(one):
            return Invalid(f"Cell {place} is {NOT_UTF8}.", code="invalid_text")
    named = zip_longest(names, map(unquoted, cells[: len(names)]), fillvalue="")
    return {name: one for name, one in named if name}


def _unmended(names: list[str], cells: list[str], separator: str) -> Invalid | None:
    """Of a row that was rejected and still is one cell of what stood there, why it is no CSV."""
    there = [one for one in cells[2:] if one.strip()]
    if names[:2] != [LINE, BECAUSE] or len(there) != 1 or not cells[2].strip():
        return None
    lines = unquoted(there[0]).splitlines(keepends=True)
    try:
        list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        return _no_csv(lines)
    return None


def _no_csv(taken: Sequence[str]) -> Invalid:
    """Of the lines that were taken for one row."""
    if len(taken) > 1:
        return Invalid(
            f"A cell in quotes begins on this row and does not end: the {len(taken) - 1} lines"
            " after it were read as part of it.",
            code="invalid_csv",
        )
    return Invalid(
        "This row is not CSV: a cell in quotes ends with a quote and then the separator,"
        " and a quote inside it is doubled.",
        code="invalid_csv",
    )
