"""What would have been right, in words: read from a document that describes it. Pure.

Everything a phrase says comes from the schema; what a caller sent is not looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nlu_shared.schemas.base import NO_BLANKS, ONE_LINE

Document = Mapping[str, Any]
Schema = Mapping[str, Any]
NOUNS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
FORMATS = {
    "uuid": "a UUID",
    "date-time": "a moment with its offset, as in 2026-11-28T12:00:00Z",
    "date": "a day, as in 2026-11-28",
    "uri": "an address, as in https://example.org/path",
}
UNITS = {
    "string": ("minLength", "maxLength", "character"),
    "array": ("minItems", "maxItems", "item"),
}
FORMS = {
    NO_BLANKS: " without blanks",
    ONE_LINE: " on one line, without control characters",
}
"""Patterns that words say better."""
MOST_NAMES = 40


def operation_of(document: Document, method: str, name: str) -> Schema | None:
    """The operation with this id; None where the document does not tell of it."""
    for methods in document["paths"].values():
        for verb, operation in methods.items():
            if verb.upper() == method and operation.get("operationId") == name:
                return dict(operation)
    return None


def query_names(operation: Schema) -> list[str]:
    """Its query parameters, sorted."""
    return sorted(one["name"] for one in operation.get("parameters", []) if one["in"] == "query")


def query_lists(operation: Schema) -> set[str]:
    """Its query parameters that may be given more than once."""
    return {
        one["name"]
        for one in operation.get("parameters", [])
        if one["in"] == "query"
        and "array"
        in {kind.get("type") for kind in (one["schema"], *one["schema"].get("anyOf", ()))}
    }


def expected_by(document: Document, operation: Schema, place: Sequence[Any]) -> str | None:
    """What belongs at a place of a request to `operation`: `("query", "limit")`, `("body", …)`."""
    where, *path = place or [None]
    if where == "body":
        return expected_in(_body(operation), path, document)
    for parameter in operation.get("parameters", []):
        if path and parameter["in"] == where and _named(parameter["name"], path[0]):
            words = expected_in(parameter["schema"], path[1:], document)
            # Only a body can say null; a parameter is left out.
            return words and words.removesuffix(" or null")
    return None


def expected_in(schema: Schema | None, path: Sequence[Any], document: Document) -> str | None:
    """What belongs at a path within a schema, whose references the document resolves."""
    here = None if schema is None else _at(schema, list(path), document)
    return None if here is None else phrase(here, document)


def phrase(schema: Schema, document: Document) -> str | None:
    """`a whole number from 1 to 20`, `one of a, b`, `a UUID or null`; None: anything goes."""
    variants = list(_variants(schema, document))
    if len(variants) > 1:
        words = dict.fromkeys(word for one in variants if (word := phrase(one, document)))
        return " or ".join(words) or None
    plain = variants[0]
    if "enum" in plain:
        return "one of " + ", ".join(map(str, plain["enum"]))
    if "const" in plain:
        return str(plain["const"])
    kind = plain.get("type")
    if "format" in plain and plain["format"] in FORMATS:
        return FORMATS[plain["format"]]
    if kind == "object" and plain.get("properties"):
        return "an object of " + ", ".join(sorted(plain["properties"])[:MOST_NAMES])
    return None if kind not in NOUNS else NOUNS[kind] + _bounds(plain, kind)


def _bounds(schema: Schema, kind: str) -> str:
    if kind in ("integer", "number"):
        return _range(schema)
    if kind not in UNITS:
        return ""
    least_name, most_name, unit = UNITS[kind]
    least, most = schema.get(least_name), schema.get(most_name)
    form = _form(schema["pattern"]) if "pattern" in schema else ""
    if most is None:
        return (f" of at least {least} {unit}{'' if least == 1 else 's'}" if least else "") + form
    size = f"{least or 0} to {most} {unit}s" if least != most else f"{most} {unit}s"
    return f" of {size}{form}"


def _form(pattern: str) -> str:
    return FORMS.get(pattern) or f" of the form {pattern}"


def _range(schema: Schema) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f" from {_short(least)} to {_short(most)}"
    words = [
        f"{word} {_short(schema[name])}"
        for name, word in (
            ("minimum", "at least"),
            ("maximum", "at most"),
            ("exclusiveMinimum", "above"),
            ("exclusiveMaximum", "below"),
        )
        if name in schema
    ]
    return ", " + " and ".join(words) if words else ""


def _short(number: float) -> str:
    """Documents tell 20 as 20.0 at times."""
    return str(int(number)) if number == int(number) else str(number)


def _body(operation: Schema) -> Schema | None:
    content = operation.get("requestBody", {}).get("content", {})
    schema: Schema | None = content.get("application/json", {}).get("schema")
    return schema


def _named(name: str, part: object) -> bool:
    """A header's place has the name of its argument."""
    return name == part or name.lower().replace("-", "_") == str(part).lower().replace("-", "_")


def _at(schema: Schema, path: list[Any], document: Document) -> Schema | None:
    if not path:
        return schema
    part, rest = path[0], path[1:]
    for variant in _variants(schema, document):
        inner = _step(variant, part)
        if inner is not None:
            return _at(inner, rest, document)
    # The tag of a union, or the name of a validator: it is no step in the schema.
    return _at(schema, rest, document)


def _step(schema: Schema, part: object) -> Schema | None:
    inner: Schema | None = None
    if str(part).isdecimal():
        inner = schema.get("items")
    elif isinstance(schema.get("additionalProperties"), Mapping):
        inner = schema["additionalProperties"]
    return schema.get("properties", {}).get(part, inner)  # type: ignore[no-any-return]


def _variants(schema: Schema, document: Document) -> Iterator[Schema]:
    if "$ref" in schema:
        yield from _variants(_resolved(schema["$ref"], document), document)
    elif inner := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        for one in inner:
            yield from _variants(one, document)
    else:
        yield schema


def _resolved(reference: str, document: Document) -> Schema:
    here: Any = document
    for part in reference.removeprefix("#/").split("/"):
        here = here[part]
    return dict(here)
