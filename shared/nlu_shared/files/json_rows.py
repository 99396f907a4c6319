"""JSON as rows: objects one a line, an array, or objects printed over many lines. Pure."""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NoReturn

from pydantic import JsonValue

from nlu_shared.files.lines import NOT_UTF8, is_broken
from nlu_shared.files.rows import Line, Row, RowUnit
from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.http.plain import check_shape

_BLANKS = re.compile(r"[ \t\r\n]*")
_EXPECTED = {
    "Expecting value": "a value is expected",
    "Expecting ',' delimiter": "a comma or the end is expected",
    "Expecting ':' delimiter": "a colon is expected",
    "Expecting property name enclosed in double quotes": "a name in double quotes is expected",
    "Illegal trailing comma before end of object": "a comma before the end is too much",
    "Illegal trailing comma before end of array": "a comma before the end is too much",
    "Extra data": "more follows after the value; a comma between lines is too much",
    "Unterminated string starting at": "a text in quotes has no end",
    "Invalid control character at": "a line break or tab inside a text is written \\n or \\t",
}


def read_json(lines: Iterator[str]) -> Iterator[Line]:
    """Each object with its line, or with its place in an array. A line that is no JSON spoils
    itself only; what is held at a time is a line, or a document that spreads over lines.

    Raises Invalid for a document that is no JSON.
    """
    numbered = ((at, line) for at, line in enumerate(lines, start=1) if line.strip())
    number, first = next(numbered, (0, ""))
    if not first:
        return
    try:
        value = parse(first)
    except Invalid:
        yield from _spread((number, first), list(numbered))
        return
    following = next(numbered, None)
    if isinstance(value, list) and following is None:
        yield from _items(value)
        return
    yield Line(number, _an_object(value), raw=first)
    if following is not None:
        yield from _by_line(chain([following], numbered))


def parse(text: str) -> JsonValue:
    """One JSON value; NaN, which Python writes for nothing, is null. Raises Invalid."""
    text = text.rstrip()
    if is_broken(text):
        raise Invalid(f"This is {NOT_UTF8}.", code="invalid_text")
    check_shape(text.encode())
    try:
        value: JsonValue = _LENIENT.decode(text)
    except json.JSONDecodeError as wrong:
        raise _no_json(wrong) from None
    except (ValueError, RecursionError):
        raise Invalid("This is not JSON.", code="invalid_json") from None
    return value


def _by_line(numbered: Iterable[tuple[int, str]]) -> Iterator[Line]:
    for at, line in numbered:
        yield Line(at, _read(line), raw=line)


def _read(line: str) -> Row | Invalid:
    try:
        return _an_object(parse(line))
    except Invalid as unreadable:
        return unreadable


def _spread(first: tuple[int, str], rest: list[tuple[int, str]]) -> Iterator[Line]:
    """An array or objects over many lines; what is none of them as a whole is read by its lines,
    where one of them is an object."""
    if not rest or not first[1].lstrip().startswith(("[", "{")):
        yield from _by_line([first, *rest])
        return
    try:
        values = _values([first, *rest])
    except Invalid:
        by_line = list(_by_line([first, *rest]))
        if not _has_objects(first[1], by_line):
            raise
        yield from by_line
        return
    if len(values) == 1 and isinstance(values[0], list):
        yield from _items(values[0])
        return
    for place, value in enumerate(values, start=1):
        yield Line(place, _an_object(value), RowUnit.ITEM)


def _has_objects(first: str, by_line: list[Line]) -> bool:
    """Whether the first line is as an object on a line is, and that line or another is one."""
    alone = first.rstrip().removesuffix(",")
    if first.lstrip().startswith("{") and is_broken(alone):
        return alone.endswith("}")
    return isinstance(_read(alone), dict) or any(isinstance(one.row, dict) for one in by_line)


def _values(numbered: list[tuple[int, str]]) -> list[JsonValue]:
    """One value after another, with blanks or nothing between."""
    pieces: list[str] = []
    at_line = 1
    for number, line in numbered:
        pieces += ["\n" * (number - at_line), line]
        at_line = number + 1
    text = "".join(pieces).rstrip()
    if is_broken(text):
        raise Invalid(f"The file is {NOT_UTF8}.", code="invalid_text")
    check_shape(text.encode())
    values: list[JsonValue] = []
    at = _after_blanks(text, 0)
    try:
        while at < len(text):
            value, at = _LENIENT.raw_decode(text, at)
            values.append(value)
            at = _after_blanks(text, at)
    except json.JSONDecodeError as wrong:
        raise _no_json(wrong) from None
    except (ValueError, RecursionError):
        raise Invalid("The file is not JSON.", code="invalid_json") from None
    return values


def _after_blanks(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


def _items(values: list[Any]) -> Iterator[Line]:
    for place, value in enumerate(values, start=1):
        yield Line(place, _an_object(value), RowUnit.ITEM, json.dumps(value, ensure_ascii=False))


def _an_object(value: JsonValue) -> Row | Invalid:
    return value if isinstance(value, dict) else Invalid("A row is an object.", code="no_object")


def _no_json(wrong: json.JSONDecodeError) -> Invalid:
    where = f"column {wrong.colno}" if wrong.lineno == 1 else f"line {wrong.lineno}"
    expected = _EXPECTED.get(wrong.msg, "something else is expected")
    return Invalid(f"This is not JSON at {where}: {expected}.", code="invalid_json")


def _constant(name: str) -> None:
    if name != "NaN":
        _refuse("Infinity is no number of JSON.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        _refuse("A key stands twice in one object.")
    return made


def _refuse(why: str) -> NoReturn:
    raise Invalid(why, code="invalid_json")


_LENIENT = json.JSONDecoder(parse_constant=_constant, object_pairs_hook=_once)
