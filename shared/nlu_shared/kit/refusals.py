"""What was wrong with a request: the place, the kind and what is expected there, never the text."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core.core_schema import ErrorType

from nlu_shared.kit.expected import expected_in
from nlu_shared.schemas.base import Expectation

MOST = 20
Expected = Callable[[Sequence[Any]], str | None]
"""From a place to what belongs there; None where that is not known."""
KINDS: Mapping[str, str] = {
    "missing": "a value",
    "json_invalid": "JSON",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "uuid_parsing": "a UUID",
}
"""For a place no document tells of."""


def where(
    errors: Sequence[Any], expected: Expected = lambda _: None, sent: object = None
) -> list[dict[str, Any]]:
    """Validation errors as place, kind and what is expected, at most MOST of them. With the body
    that was `sent`, a name that cannot be told is told by its place in there. Items that are
    faulty do not make their list too short."""
    within = {tuple(one["loc"][:-1]) for one in errors}
    real = [one for one in errors if one["type"] != "too_short" or tuple(one["loc"]) not in within]
    return [_fault(one, expected, sent) for one in real[:MOST]]


def tellable(name: str, number: int | None) -> str:
    """A caller's name for something nobody knows: itself where it looks like one of ours, else
    its number among its likes, since it could be anybody's text."""
    if _LIKE_OURS.fullmatch(name):
        return name
    return "one of its names" if number is None else f"name {number}"


def places(wrong: ValidationError, model: type[BaseModel] | None = None) -> str:
    """The same on one line, by the model that refused it."""
    schema = None if model is None else _schema(model)
    faults = where(
        wrong.errors(include_url=False),
        lambda place: None if schema is None else expected_in(schema, place, schema),
    )
    return "; ".join(in_words(one) for one in faults)


def in_words(fault: Mapping[str, Any]) -> str:
    """`limit: a whole number from 1 to 20 is expected (int_parsing)`."""
    place = ".".join(map(str, fault.get("loc", [])))
    unknown = f"{fault['unknown']} is not known there;" if fault.get("unknown") else ""
    expected = f"{fault['expected']} is expected" if fault.get("expected") else ""
    words = " ".join(part for part in (unknown, expected, f"({fault.get('type')})") if part)
    return f"{place}: {words}" if place else words


def _fault(error: Any, expected: Expected, sent: object) -> dict[str, Any]:
    kind = error["type"]
    is_unknown = kind == "extra_forbidden"
    place = error["loc"][:-1] if is_unknown else error["loc"]
    rule = (error.get("ctx") or {}).get("error")
    if kind in _BUILT_IN:
        words = str(rule) if isinstance(rule, Expectation) else expected(place) or KINDS.get(kind)
    else:
        words = error["msg"]  # of a PydanticCustomError of ours: what a value must be
    fault: dict[str, Any] = {"loc": [str(part) for part in place], "type": kind}
    if is_unknown:
        name = str(error["loc"][-1])
        fault["unknown"] = tellable(name, _number(sent, place, name))
    return fault | ({"expected": words} if words else {})


def _number(sent: object, place: Sequence[Any], name: str) -> int | None:
    """Of a name among those of its object, from 1; None where that cannot be seen."""
    here: Any = sent
    for part in place[1:]:  # the first says that it is the body
        is_item = isinstance(here, list) and isinstance(part, int) and part < len(here)
        if is_item or (isinstance(here, dict) and part in here):
            here = here[part]
    names = list(here) if isinstance(here, dict) else []
    return names.index(name) + 1 if name in names else None


_BUILT_IN = frozenset(get_args(ErrorType))
_LIKE_OURS = re.compile("[a-z_]{1,40}")
_SCHEMAS: dict[type[BaseModel], Mapping[str, Any]] = {}


def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    if model not in _SCHEMAS:
        _SCHEMAS[model] = model.model_json_schema()
    return _SCHEMAS[model]
