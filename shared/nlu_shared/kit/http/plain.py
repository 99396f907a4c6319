"""Plain JSON and nothing else, read in time proportional to its length whatever it holds.

Python's json takes NaN, duplicate keys and lone surrogates, none of which PostgreSQL or another
JSON reader would take back; and it is asked only after depth and number of values were counted.
"""

import json
import re
from array import array
from itertools import accumulate
from typing import Any, NoReturn

from nlu_shared.kit.errors import Invalid

DEEPEST = 64
MOST_VALUES = 1_000_000
"""Lists, objects and what stands in them. Rows of any use are longer than 8 bytes a value."""
# What is left has no escapes, so a quote ends each text; the last may be open, once.
_TEXTS = re.compile(rb'"[^"]*"?')
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def check_line(line: bytes) -> Any:
    """One JSON value, parsed: a body or an NDJSON line. Raises Invalid for what is not plain."""
    check_shape(line)
    return _check_json(line)


def check_shape(body: bytes) -> None:
    """Raises Invalid for what is too deep or too much to be parsed."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST and body.count(b",") < MOST_VALUES:
        return
    bare = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Each value has a text and perhaps a name, of two quotes each.
    if bare.count(b'"') > 4 * MOST_VALUES:
        raise _too_many()
    outside = _TEXTS.sub(b"", bare)
    if outside.count(b",") + outside.count(b"[") + outside.count(b"{") > MOST_VALUES:
        raise _too_many()
    steps = array("b", outside.translate(_STEPS, _ALL_BUT_BRACKETS))
    if max(accumulate(steps), default=0) > DEEPEST:
        raise Invalid(f"Nested deeper than {DEEPEST}.", code="too_deep")


def _too_many() -> Invalid:
    return Invalid(f"More than {MOST_VALUES} values.", code="too_many_values")


def _check_json(body: bytes) -> Any:
    try:
        value = _PLAIN.decode(body.decode())
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Invalid("Lone surrogates are not text.", code="invalid_text") from None
    except UnicodeDecodeError:
        raise Invalid("The body is not UTF-8.", code="invalid_text") from None
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON.", code="invalid_json") from None
    return value


def _no_constants(_name: str) -> NoReturn:
    raise Invalid("NaN and Infinity are not JSON.", code="invalid_json")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Invalid("A key stands twice in one object.", code="invalid_json")
    return made


# Made once: json.loads makes a decoder per call when it is told anything.
_PLAIN = json.JSONDecoder(parse_constant=_no_constants, object_pairs_hook=_no_duplicates)
