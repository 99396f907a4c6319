"""Bodies that are texts of many pieces, as a document of OpenAPI 3.1 tells them.

Only 3.2 has a word for the schema of one piece (`itemSchema`); in 3.1 readers refuse it. There the
body is a text, and `contentSchema` says what it holds once it is taken apart: a list of pieces. So
a client that takes it for the text it is goes on working, and each piece has a name.
"""

from collections.abc import Iterator
from typing import Any

from nlu_shared.schemas.pieces import COMPONENTS, component

NDJSON = "application/x-ndjson"
EVENT_STREAM = "text/event-stream"
Content = dict[str, Any]


def reference(name: str) -> dict[str, str]:
    """To a schema of the document."""
    return {"$ref": f"{COMPONENTS}{name}"}


def array_of(name: str) -> Content:
    """A JSON array of these."""
    return {"schema": {"type": "array", "items": reference(name)}}


def lines_of(name: str) -> Content:
    """NDJSON, each line one of these."""
    return _pieces(name, NDJSON, "One value of JSON on each line.")


def messages_of(name: str, *, example: str) -> Content:
    """A stream of these messages, such as the example."""
    description = "Messages, an empty line after each, and comments while there is nothing to say."
    return {**_pieces(name, EVENT_STREAM, description), "example": example}


def _pieces(name: str, media_type: str, description: str) -> Content:
    return {
        "schema": {
            "type": "string",
            "description": description,
            "contentMediaType": media_type,
            "contentSchema": {"type": "array", "items": reference(name)},
        }
    }


def add_missing(document: dict[str, Any]) -> None:
    """The schemas that the document refers to and FastAPI has not written."""
    schemas = document["components"]["schemas"]
    while missing := set(_referred(document)) - schemas.keys():
        for name in sorted(missing):
            for one, schema in component(name).items():
                schemas.setdefault(one, schema)


def _referred(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref" and isinstance(inner, str) and inner.startswith(COMPONENTS):
                yield inner.removeprefix(COMPONENTS)
            else:
                yield from _referred(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referred(inner)
