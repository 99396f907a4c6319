"""Forms that are refused on their own page: what was typed is kept, and the field is named.

A hidden field that cannot be taken is nobody's slip, and is refused as `kit.pages.forms` does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_origin

from fastapi import Depends, Request
from nlu_shared.kit.errors import Invalid
from nlu_shared.kit.pages.forms import fields
from nlu_shared.schemas.base import Schema
from pydantic import ValidationError

from nlu_logger.dashboard.wording import Words, faulty, wrong

Model = TypeVar("Model", bound=Schema)


@dataclass(frozen=True, slots=True)
class Filled(Generic[Model]):
    """What a form holds. Where it is `refused`, the faulty fields of `values` stand as typed."""

    values: Model
    refused: Invalid | None

    @property
    def status(self) -> int:
        return 200 if self.refused is None else self.refused.status

    def taken_or(self, otherwise: Model) -> Model:
        """Where nothing can be done with what cannot be taken."""
        return self.values if self.refused is None else otherwise

    def taken(self) -> Model:
        """Raises Invalid for what cannot be taken."""
        if self.refused is not None:
            raise self.refused
        return self.values


def kept_form(model: type[Model], words: Words) -> Any:
    """As `kit.pages.forms.form_of`, but for a page that shows the form again."""

    async def read(request: Request) -> Filled[Model]:
        return _filled(model, await fields(request), words)

    return Depends(read)


def kept_query(model: type[Model], words: Words) -> Any:
    """The same of a form whose fields stand in the address of its page."""

    async def read(request: Request) -> Filled[Model]:
        return _filled(model, request.query_params.multi_items(), words)

    return Depends(read)


def invalid(error: ValidationError, words: Words) -> Invalid:
    """What a page says of the first fault."""
    first = error.errors()[0]
    is_empty = first["type"] == "missing" or first["input"] in ("", [], ())
    return Invalid(wrong(first["loc"], words, is_empty=is_empty), code="invalid_form")


def _filled(model: type[Model], pairs: Iterable[tuple[str, str]], words: Words) -> Filled[Model]:
    entries = _named(model, pairs)
    try:
        return Filled(model.model_validate(entries), None)
    except ValidationError as error:
        names = {faulty(one["loc"], words) for one in error.errors()}
        refused = invalid(error, words)
    if None in names:
        raise refused
    kept = {name: one for name, one in entries.items() if name not in names}
    raw = {name: one for name, one in entries.items() if name in names}
    values = _partly(model, kept).model_copy(update=raw)
    return Filled(values, refused)


def _partly(model: type[Model], kept: dict[str, Any]) -> Model:
    """A required field may be among the faulty ones."""
    try:
        return model.model_validate(kept)
    except ValidationError:
        unread: Model = model.model_construct(**kept)  # type: ignore[assignment]
        return unread


def _named(model: type[Model], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """What is left empty is not there; the last of one name counts, all where several may be."""
    fields_of = model.model_fields
    several = {name for name, one in fields_of.items() if get_origin(one.annotation) is tuple}
    entries: dict[str, Any] = {}
    for name, value in pairs:
        if name not in fields_of or not value.strip():
            continue
        if name in several:
            entries.setdefault(name, []).append(value)
        else:
            entries[name] = value
    return entries
