"""Forms as a browser sends them without a script: read once, checked like any body, by type."""

from collections.abc import Iterable
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.http.guard import FORM
from nlu_shared.kit.refusals import KINDS
from nlu_shared.schemas.base import Schema

MOST_FIELDS = 4_000
PROOF = "proof"
"""The field in which a form carries its login's proof."""
Model = TypeVar("Model", bound=Schema)


def is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


async def fields(request: Request) -> list[tuple[str, str]]:
    """Names and values in the order sent. Raises Invalid for what no form of ours sends."""
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MOST_FIELDS,
            errors="strict",
        )
    except ValueError:
        raise Invalid("The form cannot be read.", code="invalid_form") from None
    if any("\0" in part for pair in pairs for part in pair):
        raise Invalid("A text holds no NUL.", code="invalid_text")
    return [(name, value.replace("\r\n", "\n")) for name, value in pairs]


async def proof(request: Request) -> str | None:
    return dict(await fields(request)).get(PROOF) if is_form(request) else None


def form_of(model: type[Model]) -> Any:
    """The form as a `model`, as a dependency: what is left empty is not there, the last of one name
    counts, and all of them where the model has a tuple; what a form has for another of its buttons
    is left out. Raises Invalid, naming the field."""

    async def read(request: Request) -> Model:
        return _validated(model, await fields(request))

    return Depends(read)


def query_of(model: type[Model]) -> Any:
    """The same of a form that leads to a page, whose fields stand in its address."""

    async def read(request: Request) -> Model:
        return _validated(model, request.query_params.multi_items())

    return Depends(read)


def _validated(model: type[Model], pairs: Iterable[tuple[str, str]]) -> Model:
    several = {
        name for name, field in model.model_fields.items() if get_origin(field.annotation) is tuple
    }
    entries: dict[str, Any] = {}
    for name, value in pairs:
        if name not in model.model_fields or not value.strip():
            continue
        if name in several:
            entries.setdefault(name, []).append(value)
        else:
            entries[name] = value
    try:
        return model.model_validate(entries)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        named = [str(part) for part in first["loc"] if part in model.model_fields]
        place = f" in {named[0].replace('_', ' ')}" if named else ""
        raise Invalid(
            f"Something{place} cannot be taken{_expected(first)}.", code="invalid_form"
        ) from None


def _expected(fault: ErrorDetails) -> str:
    """What belongs there, where that is known by the kind of fault alone."""
    context = fault.get("ctx", {})
    match fault["type"]:
        case "string_too_short" | "too_short" if isinstance(fault["input"], str):
            return f": at least {context['min_length']} characters are expected"
        case "string_too_long" | "too_long" if isinstance(fault["input"], str):
            return f": at most {context['max_length']} characters are expected"
        case kind if kind in KINDS:
            return f": {KINDS[kind]} is expected"
    return ""
