"""Files as numbered rows: JSONL, a JSON array or CSV. A row that cannot be read says why. Pure."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest

from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.plain import check_line
from pydantic import JsonValue

from nlu_logger.exports.formats import unquoted

BOM = b"\xef\xbb\xbf"
DELIMITERS = ",;\t"
# Python's own limit of 131,072 is below what a truth in a cell of our own export may take.
csv.field_size_limit(2**31 - 1)


class Kind(StrEnum):
    """What a file is, by its content type."""

    JSONL = "application/x-ndjson"
    JSON = "application/json"
    CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class Line:
    """A row and where it begins: its line in the file, or its place in a JSON array, from 1."""

    number: int
    row: Mapping[str, JsonValue] | Invalid


def read(file: Iterable[bytes], kind: Kind) -> Iterator[Line]:
    """The rows of a file, given as its lines (an open binary file); empty lines are left out.

    Raises Invalid where nothing can be told apart: no JSON at all, or a table without a header.
    """
    match kind:
        case Kind.JSONL:
            return _json_lines(_without_bom(file))
        case Kind.JSON:
            return _json(b"".join(_without_bom(file)))
        case Kind.CSV:
            return _table(_without_bom(file))


def _without_bom(file: Iterable[bytes]) -> Iterator[bytes]:
    """Spreadsheets write one."""
    for number, line in enumerate(file):
        yield line.removeprefix(BOM) if number == 0 else line


def _json_lines(lines: Iterator[bytes]) -> Iterator[Line]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield Line(number, _an_object(check_line(line)))
            except Invalid as unreadable:
                yield Line(number, unreadable)


def _json(whole: bytes) -> Iterator[Line]:
    """An object alone is an array of one."""
    value = check_line(whole)
    for number, one in enumerate(value if isinstance(value, list) else [value], start=1):
        yield Line(number, _an_object(one))


def _an_object(value: JsonValue) -> Mapping[str, JsonValue] | Invalid:
    return value if isinstance(value, dict) else Invalid("A row is an object.", code="no_object")


def _table(lines: Iterator[bytes]) -> Iterator[Line]:
    # What is not UTF-8 survives as surrogates, so that it spoils its own row only.
    text = (line.decode(errors="surrogateescape") for line in lines)
    header = next(text, "")
    delimiter = max(DELIMITERS, key=header.count)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error:
        names = []
    named = [name for name in names if name]
    if not named or len(set(named)) < len(named):
        raise Invalid("A table begins with the names of its columns.", code="no_header")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Line(number, Invalid("This row is not CSV.", code="invalid_csv"))
            continue
        if any(cells):
            yield Line(number, _cells(names, cells))


def _cells(names: list[str], cells: list[str]) -> Mapping[str, JsonValue] | Invalid:
    """By name; spreadsheets leave empty cells off at the end of a row, or add some."""
    if any(cells[len(names) :]):
        return Invalid("More cells than columns.", code="invalid_csv")
    if any("\ud800" <= character <= "\udfff" for cell in cells for character in cell):
        return Invalid("The row is not UTF-8.", code="invalid_text")
    named = zip_longest(names, map(unquoted, cells[: len(names)]), fillvalue="")
    return {name: cell for name, cell in named if name}
