"""A walk over every path that reads a body, read from a service's own OpenAPI document."""

import os
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

import httpx2

from tests.shared.kit.hostile import MARKER

EVERY = 4 if os.environ.get("CI") else 1
"""CI tries a quarter of the pairs of field and value."""
UNKNOWN = "01890000-0000-7000-8000-000000000000"


def routes_with_bodies(
    document: dict[str, Any], **known: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and JSON schema of every operation that reads a body.

    `known` fills path parameters; every other one is an id that nothing has.
    """
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "requestBody" not in operation:
                continue
            content = operation["requestBody"]["content"]
            schema = content.get("application/json", {}).get("schema", {})
            name = schema.get("$ref", "").rpartition("/")[2]
            named = document["components"]["schemas"].get(name, {"properties": {}})
            yield method, _filled(path, known), named


def _filled(path: str, known: Mapping[str, str]) -> str:
    parts = path.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        filled.append(known.get(name, UNKNOWN) + rest)
    return "".join(filled)


def holds(answer: httpx2.Response) -> bool:
    """Taken, or refused as a problem that does not say back what was sent."""
    if answer.status_code < 400:
        return True
    by_ofrep = answer.request.url.path.startswith("/ofrep/")  # a protocol with errors of its own
    return (
        answer.status_code < 500
        and (by_ofrep or answer.headers["content-type"] == "application/problem+json")
        and MARKER not in answer.text
        and all(MARKER not in value for value in answer.headers.values())
    )


def bodies_with(schema: dict[str, Any], value: str, filled: Mapping[str, str]) -> Iterator[str]:
    """One body per field with `value` there and what else is required `filled`, and one bare; of
    the fields one in EVERY, others for each value."""
    for field in [*schema["properties"], MARKER]:
        if crc32(f"{field} {value}".encode()) % EVERY:
            continue
        others = {
            name: filled.get(name, '"x"') for name in schema.get("required", []) if name != field
        }
        fields = ", ".join(f'"{name}": {text}' for name, text in others.items())
        yield f'{{"{field}": {value}{", " + fields if fields else ""}}}'
    yield value
