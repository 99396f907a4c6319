"""What tokens of a model cost from a day on, until when it is offered, and who says so."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_UP, Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from nlu_shared.schemas.base import Body, SafeText, Schema
from nlu_shared.schemas.tasks import ModelName


def _number(value: Any) -> Any:
    """Of a text or a boolean nobody makes money."""
    if isinstance(value, bool | str):
        raise PydanticCustomError("number_type", "a number")
    return value


CACHE_WRITE = Decimal("1.25")
CACHE_READ = Decimal("0.1")
"""Of the price of input, where a row does not tell: the rule of Anthropic's price list."""
SMALLEST = Decimal("1e-9")
"""Of a rate that is computed."""
MOST_ROWS = 1_000

Rate = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(ge=0, le=10_000, decimal_places=6),
    PlainSerializer(float, return_type=float, when_used="json"),
]
"""US dollars per million tokens."""


class Rates(Body):
    """What a million tokens of each kind cost, in US dollars."""

    input: Rate
    output: Rate
    cache_write: Rate
    cache_read: Rate

    @property
    def dearest_input(self) -> Decimal:
        return max(self.input, self.cache_write, self.cache_read)


class Price(Body):
    """One model's price from a day on. A prompt of more than `long_above` tokens is charged the
    long rates throughout."""

    model: ModelName = Field(
        description="`provider/model`; or the model alone, of whatever provider"
    )
    since: date = Field(default=date.min, description="the first day it holds, UTC")
    input: Rate = Field(description="US dollars per million tokens; 0 for a server of one's own")
    output: Rate = Field(description="the same of answers")
    cache_write: Rate | None = Field(
        default=None, description="of input that is written to a cache; null: 1.25 times `input`"
    )
    cache_read: Rate | None = Field(
        default=None, description="of input that is read from a cache; null: a tenth of `input`"
    )
    long_above: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="tokens of a prompt above which the long rates hold; null: never"
    )
    long_input: Rate | None = Field(default=None, description="`input` of long prompts")
    long_output: Rate | None = Field(default=None, description="`output` of long prompts")
    long_cache_write: Rate | None = Field(
        default=None, description="as `cache_write`, of long prompts"
    )
    long_cache_read: Rate | None = Field(
        default=None, description="as `cache_read`, of long prompts"
    )
    batch_input: Rate | None = Field(
        default=None,
        description="`input` in a batch; null, or `batch_output` null: as outside of one",
    )
    batch_output: Rate | None = Field(default=None, description="`output` in a batch")
    retires: date | None = Field(
        default=None, description="the day its provider ends it; null: none is known"
    )
    context_window: Annotated[int, Field(gt=0)] | None = Field(
        default=None, description="tokens of prompt and answer; null: not known"
    )
    note: Annotated[SafeText, StringConstraints(max_length=1_000)] = Field(
        default="", description="where the figures are from"
    )

    @property
    def short(self) -> Rates:
        """What holds for prompts that are not long."""
        return _rates(self.input, self.output, self.cache_write, self.cache_read)

    @property
    def long(self) -> Rates:
        """What holds for prompts of more than `long_above` tokens."""
        if self.long_input is None or self.long_output is None:
            return self.short
        return _rates(
            self.long_input, self.long_output, self.long_cache_write, self.long_cache_read
        )

    def in_batch(self, rates: Rates) -> Rates:
        """The same rates in a batch, those of the cache and of long prompts cheaper by as much as
        `input`; as they are where the row does not tell."""
        if self.batch_input is None or self.batch_output is None:
            return rates
        return Rates.model_construct(
            input=_scaled(rates.input, self.batch_input, self.input),
            output=_scaled(rates.output, self.batch_output, self.output),
            cache_write=_scaled(rates.cache_write, self.batch_input, self.input),
            cache_read=_scaled(rates.cache_read, self.batch_input, self.input),
        )

    @model_validator(mode="after")
    def _tiers_agree(self) -> Self:
        """A long prompt may not be cheaper: what is reserved for a call would be no bound."""
        needed = {"long_above", "long_input", "long_output"}
        present = {
            name for name in (*needed, "long_cache_write", "long_cache_read") if self._has(name)
        }
        if present and not needed <= present:
            raise PydanticCustomError(
                "tier_incomplete", "long_above, long_input and long_output together"
            )
        rates = ("input", "output", "cache_write", "cache_read")
        if any(getattr(self.long, name) < getattr(self.short, name) for name in rates):
            raise PydanticCustomError("tier_cheaper", "long rates that are not below the others")
        return self

    def _has(self, name: str) -> bool:
        return getattr(self, name) is not None


def _scaled(rate: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Rounded up: what is reserved stays a bound."""
    return (rate * part / whole).quantize(SMALLEST, ROUND_UP) if whole else rate


def _rates(
    into: Decimal, out: Decimal, cache_write: Decimal | None, cache_read: Decimal | None
) -> Rates:
    return Rates.model_construct(
        input=into,
        output=out,
        cache_write=into * CACHE_WRITE if cache_write is None else cache_write,
        cache_read=into * CACHE_READ if cache_read is None else cache_read,
    )


def _each_once(rows: tuple[Price, ...]) -> tuple[Price, ...]:
    if repeated(rows) is not None:
        raise PydanticCustomError("price_twice", "one row of a model and a day")
    return rows


def repeated(rows: Sequence[Price]) -> int | None:
    """The number, from 0, of the first row whose model and day stood before."""
    known: set[tuple[str, date]] = set()
    for number, row in enumerate(rows):
        if (row.model, row.since) in known:
            return number
        known.add((row.model, row.since))
    return None


class PricesIn(Body):
    """Prices to be put. Rows of models that are not named stay as they are."""

    prices: Annotated[tuple[Price, ...], AfterValidator(_each_once)] = Field(
        default=(),
        max_length=MOST_ROWS,
        description="all rows there are to be of each model that is named in them",
    )
    withdraw: tuple[ModelName, ...] = Field(
        default=(),
        max_length=MOST_ROWS,
        description="models whose put rows go: what the file or the shipped table has holds again",
    )


class PriceSource(StrEnum):
    """Who says what a model costs, the first that counts first."""

    API = "api"
    FILE = "file"
    SHIPPED = "shipped"


class PriceView(Price):
    """A row of the price table."""

    source: PriceSource = Field(
        description="put by `PUT /v1/admin/prices`; the file that INDUCTION_PRICES_FILE names;"
        " shipped with this version. The first of them that knows a model counts"
    )


class PriceList(Schema):
    """All rows there are, those included that another source stands before."""

    prices: list[PriceView] = Field(description="by source, model and day")
