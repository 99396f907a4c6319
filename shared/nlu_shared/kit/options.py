"""Options of a command that are numbers: their bounds in `--help`, and in words where they are
passed."""

from collections.abc import Mapping
from operator import ge, gt, le, lt
from typing import Any

from cyclopts import Parameter
from pydantic import BaseModel

from nlu_shared.kit.expected import phrase

BOUNDS = {"minimum": ge, "maximum": le, "exclusiveMinimum": gt, "exclusiveMaximum": lt}


def field(model: type[BaseModel], name: str) -> Parameter:
    """An option that is a field of a request: its description and its bounds."""
    schema = model.model_json_schema()["properties"][name]
    return number(_sentence(schema["description"]), schema)


def number(purpose: str, schema: Mapping[str, Any]) -> Parameter:
    """An option with the bounds of a JSON schema (`type`, `minimum`, `maximum`, …)."""
    numbers = next(
        one for one in schema.get("anyOf", [schema]) if one["type"] in ("integer", "number")
    )
    expected = phrase(numbers, {})

    def within(_: object, value: float | None) -> None:
        if value is not None and not _is_within(numbers, value):
            raise ValueError(_sentence(f"{expected} is expected"))

    return Parameter(help=f"{purpose} {_sentence(expected or '')}", validator=within)


def _is_within(schema: Mapping[str, Any], value: float) -> bool:
    return all(
        holds(value, schema[name]) for name, holds in BOUNDS.items() if schema.get(name) is not None
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


PORT = number("The port to listen at.", {"type": "integer", "minimum": 0, "maximum": 65_535})
