"""What tokens cost. Pure: the day and the table are arguments.

A row names a model with its provider, or the model alone. The model of a request is looked up by
its full name, then by what stands after the first slash; the first source that has a row in force
on that day counts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.prices import Price, PriceSource, PriceView, Rates

from induction.llm.errors import UnknownModel
from induction.llm.shipped_prices import PRICES
from induction.task_kinds.base import ModelRequest, Usage

PER = Decimal(1_000_000)
FRAME_TOKENS = 1_024
"""Allowance for what the provider adds around a prompt: roles, and the wording of the schema."""
WARN_DAYS = 90
"""So many days ahead people are told that a model retires."""


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Rows by source. `provider` is the one of models that name none."""

    rows: Mapping[PriceSource, tuple[Price, ...]]
    provider: str = ""

    def names(self, model: str) -> Iterable[str]:
        """What rows may call a model, the fullest name first."""
        return dict.fromkeys((f"{self.provider}/{model}", model, model.partition("/")[2]))

    def in_force(self, model: str, on: date) -> Iterator[tuple[Price, PriceSource]]:
        """The row of each name and source that holds that day, the one that counts first."""
        for name in self.names(model):
            for source in PriceSource:
                of_source = self.rows.get(source, ())
                known = [row for row in of_source if row.model == name and row.since <= on]
                if known:
                    yield max(known, key=lambda one: one.since), source


SHIPPED = PriceTable({PriceSource.SHIPPED: PRICES})


def price(model: str, on: date, table: PriceTable) -> Price:
    """The price in force on that day. Raises `UnknownModel`."""
    for row, _ in table.in_force(model, on):
        return row
    raise UnknownModel(model)


def view(row: Price, source: PriceSource) -> PriceView:
    """A row as it is shown."""
    return PriceView.model_construct(**dict(row), source=source)


def is_known(model: str, on: date, table: PriceTable) -> bool:
    """Whether there is a price that day."""
    return next(table.in_force(model, on), None) is not None


def begins(model: str, on: date, table: PriceTable) -> date | None:
    """The first day after that one on which a row of the model begins; None: there is none."""
    names = set(table.names(model))
    rows = (row for of_source in table.rows.values() for row in of_source)
    return min((row.since for row in rows if row.model in names and row.since > on), default=None)


def retires(model: str, on: date, table: PriceTable) -> date | None:
    """The day its provider ends it, by the first row that knows one: a row of one's own, put for
    its price, does not hide what the shipped table knows."""
    return next((row.retires for row, _ in table.in_force(model, on) if row.retires), None)


def retirement(model: str, on: date, table: PriceTable) -> str | None:
    """What people should know of the end of a model; None where it is not near."""
    day = retires(model, on, table)
    if day is None or (days := (day - on).days) > WARN_DAYS:
        return None
    if days <= 0:
        return f"{model} retired on {day}: name another model."
    ahead = f"{days} day{'' if days == 1 else 's'}"
    return f"{model} retires on {day}, in {ahead}: plan the move to another model."


def remarks(models: Iterable[str], on: date, table: PriceTable) -> Iterator[str]:
    """What a run is to say of its models: no price, a price of 0, an end that is near."""
    for model in dict.fromkeys(models):
        row, source = next(table.in_force(model, on), (None, None))
        if row is None:
            yield f"{model} has no known price: its calls are told as 0 dollars."
        elif row is not None and source is not None and not (row.input or row.output):
            yield f"{model} costs nothing: its price is 0 ({source.value})."
        if (ends := retirement(model, on, table)) is not None:
            yield ends


def cost(
    model: str, usage: Usage, on: date, table: PriceTable, *, in_batch: bool = False
) -> Decimal:
    """US dollars for what a call used. Raises `UnknownModel`."""
    row = price(model, on, table)
    prompt = usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
    rates = _rates(row, prompt, in_batch=in_batch)
    return (
        usage.input_tokens * rates.input
        + usage.cache_creation_input_tokens * rates.cache_write
        + usage.cache_read_input_tokens * rates.cache_read
        + usage.output_tokens * rates.output
    ) / PER


def charge(
    request: ModelRequest, usage: Usage | None, on: date, table: PriceTable
) -> Decimal | None:
    """US dollars for one answer; None where nothing was said about it that can be believed, more
    than the request can possibly use included. Then it is to be taken to cost its bound."""
    if usage is None:
        return None
    listed = cost(request.model, usage, on, table)
    return listed if listed <= upper_bound(request, on, table) else None


def upper_bound(
    request: ModelRequest, on: date, table: PriceTable, *, in_batch: bool = False
) -> Decimal:
    """US dollars that one attempt at this call cannot exceed; what a budget reserves before it.

    A byte-level tokenizer never makes more tokens than there are UTF-8 bytes, so bytes bound the
    prompt; all of it is taken at the dearest rate of input, which mostly is writing the cache, and
    the answer as `max_tokens` long.
    """
    parts = [*request.system, request.user, canonical(request.schema)]
    tokens = FRAME_TOKENS + sum(len(part.encode()) for part in parts)
    row = price(request.model, on, table)
    rates = _rates(row, tokens, in_batch=in_batch)
    return (tokens * rates.dearest_input + request.max_tokens * rates.output) / PER


def _rates(row: Price, prompt_tokens: int, *, in_batch: bool) -> Rates:
    is_long = row.long_above is not None and prompt_tokens > row.long_above
    rates = row.long if is_long else row.short
    return row.in_batch(rates) if in_batch else rates
