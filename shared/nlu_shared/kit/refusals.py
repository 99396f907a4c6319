"""What was wrong with a request: the place, the kind and what is expected there, never the text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

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


def where(errors: Sequence[Any], expected: Expected = lambda _: None) -> list[dict[str, Any]]:
    """Validation errors as place, kind and what is expected, at most MOST of them."""
    return [_fault(one, expected) for one in errors[:MOST]]


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
    wanted = f"{fault['expected']} is expected" if fault.get("expected") else ""
    words = " ".join(part for part in (wanted, f"({fault.get('type')})") if part)
    return f"{place}: {words}" if place else words


def _fault(error: Any, expected: Expected) -> dict[str, Any]:
    kind = error["type"]
    # The name of an unknown field is the caller's own text.
    place = error["loc"][:-1] if kind == "extra_forbidden" else error["loc"]
    rule = (error.get("ctx") or {}).get("error")
    words = str(rule) if isinstance(rule, Expectation) else expected(place) or KINDS.get(kind)
    fault: dict[str, Any] = {"loc": [str(part) for part in place], "type": kind}
    return fault | ({"expected": words} if words else {})


_SCHEMAS: dict[type[BaseModel], Mapping[str, Any]] = {}


def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    if model not in _SCHEMAS:
        _SCHEMAS[model] = model.model_json_schema()
    return _SCHEMAS[model]
