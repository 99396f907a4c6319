"""The operator's own file of prices, JSON or TOML: from its bytes to rows. Pure.

A list of rows, or a table whose `prices` are the rows. What is wrong names the row and the field.
"""

import json
import tomllib
from typing import Any

from nlu_shared.kit.errors import ServiceError
from nlu_shared.kit.refusals import places
from nlu_shared.schemas.base import Schema
from nlu_shared.schemas.prices import MOST_ROWS, Price, repeated
from pydantic import ValidationError, model_serializer

TOML = ".toml"


class UnreadablePrices(ServiceError):
    title = "The file that INDUCTION_PRICES_FILE names cannot be read"


class PricesFile(Schema):
    """The operator's file: where it is, which is how it is shown, and its rows."""

    path: str | None = None
    rows: tuple[Price, ...] = ()

    @model_serializer
    def named(self) -> str | None:
        return self.path


def parsed(content: bytes, *, suffix: str) -> tuple[Price, ...]:
    """Raises UnreadablePrices. Rows are counted from 1."""
    rows = _rows(content, suffix)
    if len(rows) > MOST_ROWS:
        raise UnreadablePrices(f"prices: {len(rows)} rows, {MOST_ROWS} at most")
    prices = tuple(_price(row, number) for number, row in enumerate(rows, start=1))
    if (again := repeated(prices)) is not None:
        row = prices[again]
        raise UnreadablePrices(
            f"prices: row {again + 1}: {row.model} since {row.since} stands twice"
        )
    return prices


def _rows(content: bytes, suffix: str) -> list[Any]:
    try:
        text = content.decode("utf-8-sig")
        whole = tomllib.loads(text) if suffix.lower() == TOML else json.loads(text)
    except (ValueError, RecursionError) as unreadable:
        kind = "TOML" if suffix.lower() == TOML else "JSON"
        raise UnreadablePrices(f"prices: this is no {kind}: {unreadable}") from unreadable
    rows = whole.get("prices") if isinstance(whole, dict) else whole
    if not isinstance(rows, list):
        raise UnreadablePrices("prices: a list of rows is expected, or a table with `prices`")
    return rows


def _price(row: Any, number: int) -> Price:
    try:
        return Price.model_validate(row)
    except ValidationError as wrong:
        model = row.get("model") if isinstance(row, dict) else None
        named = f" ({model})" if isinstance(model, str) else ""
        raise UnreadablePrices(f"prices: row {number}{named}: {_faults(wrong)}") from wrong


def _faults(wrong: ValidationError) -> str:
    """An unknown field is named too: the file is the operator's own."""
    unknown = [str(one["loc"][-1]) for one in wrong.errors() if one["type"] == "extra_forbidden"]
    return f"there is no field {', '.join(unknown)}" if unknown else places(wrong, Price)
