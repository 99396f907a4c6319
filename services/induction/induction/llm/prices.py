"""What tokens cost. Pure: the day and the table are arguments.

The figures are the list prices of November 2026. Two rates are assumptions, to be checked against
the provider's page: writing the five-minute prompt cache costs 1.25 times the input price, reading
it a tenth.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from nlu_shared.schemas.base import Schema, canonical

from induction.llm.errors import UnknownModel
from induction.task_kinds.base import ModelRequest, Usage

CACHE_WRITE = Decimal("1.25")
CACHE_READ = Decimal("0.1")
PER = Decimal(1_000_000)
FRAME_TOKENS = 1_024
"""Allowance for what the provider adds around a prompt: roles, and the wording of the schema."""


class Price(Schema):
    """One model's price from a day on, in US dollars per million tokens.

    Prompts of more than `long_above` tokens are charged `long_input` and `long_output` throughout.
    """

    model: str
    since: date = date.min
    input: Decimal
    output: Decimal
    long_above: int | None = None
    long_input: Decimal = Decimal(0)
    long_output: Decimal = Decimal(0)

    def rates(self, prompt_tokens: int) -> tuple[Decimal, Decimal]:
        if self.long_above is not None and prompt_tokens > self.long_above:
            return self.long_input, self.long_output
        return self.input, self.output


PRICES = (
    Price(model="claude-opus-5-5", input=Decimal(4), output=Decimal(20)),
    Price(model="claude-sonnet-5-5", input=Decimal(2), output=Decimal(10)),
    Price(
        model="claude-haiku-5-5",
        input=Decimal("0.10"),
        output=Decimal("0.50"),
        long_above=100_000,
        long_input=Decimal("0.50"),
        long_output=Decimal("2.50"),
    ),
)


def price(model: str, on: date, table: Sequence[Price] = PRICES) -> Price:
    """The price in force on that day: of `provider/model`, else of the model alone. Raises
    `UnknownModel`."""
    for name in (model, model.partition("/")[2]):
        known = [entry for entry in table if entry.model == name and entry.since <= on]
        if known:
            return max(known, key=lambda entry: entry.since)
    raise UnknownModel(model)


def is_listed(model: str, on: date, table: Sequence[Price] = PRICES) -> bool:
    """Whether a price is known that day."""
    try:
        price(model, on, table)
    except UnknownModel:
        return False
    return True


def cost(model: str, usage: Usage, on: date, table: Sequence[Price] = PRICES) -> Decimal:
    """US dollars for what a call used. Raises `UnknownModel`."""
    prompt = usage.input_tokens + usage.cache_creation_input_tokens + usage.cache_read_input_tokens
    into, out = price(model, on, table).rates(prompt)
    weighted = (
        usage.input_tokens
        + usage.cache_creation_input_tokens * CACHE_WRITE
        + usage.cache_read_input_tokens * CACHE_READ
    )
    return (weighted * into + usage.output_tokens * out) / PER


def charge(
    request: ModelRequest, usage: Usage | None, on: date, table: Sequence[Price] = PRICES
) -> Decimal | None:
    """US dollars for one answer; None where nothing was said about it that can be believed, more
    than the request can possibly use included. Then it is to be taken to cost its bound."""
    if usage is None:
        return None
    listed = cost(request.model, usage, on, table)
    return listed if listed <= upper_bound(request, on, table) else None


def upper_bound(request: ModelRequest, on: date, table: Sequence[Price] = PRICES) -> Decimal:
    """US dollars that one attempt at this call cannot exceed; what a budget reserves before it.

    A byte-level tokenizer never makes more tokens than there are UTF-8 bytes, so bytes bound the
    prompt; all of it is taken as written to the cache, and the answer as `max_tokens` long.
    """
    parts = [*request.system, request.user, canonical(request.schema)]
    tokens = FRAME_TOKENS + sum(len(part.encode()) for part in parts)
    most = Usage(cache_creation_input_tokens=tokens, output_tokens=request.max_tokens)
    return cost(request.model, most, on, table)
