"""The words all schemas are made of: strict models, safe text, slugs, ids, pages."""

import hashlib
import json
import math
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import core_schema

PROMPT_LIMIT = 32_768
"""Longest logged text, in characters."""

Item = TypeVar("Item")


class Schema(BaseModel):
    """Frozen, refuses unknown fields and non-finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _make_exact(schema: Any) -> None:
    """Every boolean and number of a core schema takes its own kind only; in place."""
    if isinstance(schema, dict):
        if schema.get("type") in ("bool", "int", "float"):
            schema["strict"] = True
        for name, inner in schema.items():
            if name not in ("metadata", "serialization"):
                _make_exact(inner)
    elif isinstance(schema, list | tuple):
        for inner in schema:
            _make_exact(inner)


class Body(Schema):
    """A Schema of what comes as JSON: true and false are no words, numbers no text and no boolean.

    Files and parameters, which are text, are read by schemas of their own.
    """

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        schema = handler(source)
        _make_exact(handler.resolve_ref_schema(schema))
        return schema


class Expectation(ValueError):
    """What a value must be, in words of ours that a caller may read: they hold nothing of it."""


def _storable(text: str) -> str:
    if "\x00" in text:
        raise Expectation("text without NUL")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Expectation("text without lone surrogates")
    return text


def _storable_json(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        _storable(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Expectation("numbers that end")
    elif isinstance(value, dict):
        for name, item in value.items():
            _storable(name)
            _storable_json(item)
    elif isinstance(value, list):
        for item in value:
            _storable_json(item)
    return value


def _version_seven(identifier: UUID) -> UUID:
    if identifier.version != 7:
        raise Expectation("a UUIDv7")
    return identifier


SafeText = Annotated[str, AfterValidator(_storable)]
"""Text that PostgreSQL can store: neither NUL nor lone surrogates."""
SafeJson = Annotated[JsonValue, AfterValidator(_storable_json)]
"""Any JSON that `jsonb` can store: safe text, finite numbers (1e999 parses to infinity)."""
Utterance = Annotated[SafeText, StringConstraints(min_length=1, max_length=PROMPT_LIMIT)]
Label = Annotated[SafeText, StringConstraints(min_length=1, max_length=200)]
Note = Annotated[SafeText, StringConstraints(max_length=8_192)]
NO_BLANKS = r"^\S+$"
ONE_LINE = r"^[^\x00-\x1f\x7f\x85\u2028\u2029]+$"
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Uuid7 = Annotated[UUID, AfterValidator(_version_seven)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
ROUNDING = 1e-6
"""By how much a confidence may lie outside 0 to 1: what a softmax in float32 adds up to."""


def _within(confidence: float) -> float:
    inside = -ROUNDING <= confidence <= 1 + ROUNDING
    return min(max(confidence, 0.0), 1.0) if inside else confidence


Confidence = Annotated[
    float,
    Field(allow_inf_nan=False),
    AfterValidator(_within),
    Field(ge=0, le=1),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
"""From 0 to 1; what a rounding error puts outside is clipped."""
Moment = AwareDatetime


class Page(Schema, Generic[Item]):
    """One page of a list; `next_cursor` is None on the last."""

    model_config = ConfigDict(json_schema_extra={"description": "One page of a list."})

    items: list[Item] = Field(description="at most `limit`, in the order that the operation names")
    next_cursor: str | None = Field(
        default=None, description="`cursor` of the next page; null on the last"
    )


class Problem(BaseModel):
    """An error body, application/problem+json (RFC 9457)."""

    type: str = Field(
        default="about:blank", description="always about:blank; `code` says which error it is"
    )
    title: str = Field(description="one line for people, the same for every error of this code")
    status: int = Field(description="the HTTP status")
    code: str = Field(description="stable, for programs")
    detail: str | None = Field(
        default=None, description="what may help here; never the caller's own text"
    )
    request_id: str | None = Field(
        default=None, description="as in X-Request-Id and in the service's log"
    )
    errors: list[dict[str, Any]] | None = Field(
        default=None,
        description="of an invalid request, up to 20 faults: place (`loc`), kind (`type`), and what"
        " is `expected` there, never what was sent; `unknown` is the name of a field that is not"
        " known there, or its number where the name looks like no field's",
    )
    labels: list[str] | None = Field(
        default=None,
        description="of a truth that is no label of its task, or of a label that cannot go: labels"
        " of the task it is about, the likeliest first",
    )


def canonical(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII. What hashes are taken over."""
    return _CANONICAL.encode(value)


def digest(value: Any) -> str:
    """Hex SHA-256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no canonical form")


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
)
